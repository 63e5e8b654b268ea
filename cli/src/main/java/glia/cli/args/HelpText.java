package glia.cli.args;

import glia.cli.terminal.Console;
import glia.cli.terminal.WordWrap;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Prints the help text of a command, or of the program, at the width of the terminal.
final class HelpText {
    /// Characters of a line at most, on wider terminals too.
    private static final int MAX_WIDTH = 100;
    /// Terminals with fewer columns have a column of names for each section, not one for all.
    private static final int WIDE = 60;
    /// Where descriptions would be narrower, they stand below the names.
    private static final int MIN_TEXT = 24;
    /// Names with more characters stand in a line of their own.
    private static final int MAX_NAME = 27;
    private static final int MIN_WIDTH = 20;

    private final Console console;
    private final int width;

    HelpText(Console console) {
        this.console = console;
        this.width = console.width() == 0 ? MAX_WIDTH : Math.clamp(console.width(), MIN_WIDTH, MAX_WIDTH);
    }

    /// @param syntax the command
    /// @param calledBy the words that call it, such as `glia run`
    /// @param commands its commands; none for most
    /// @param purposes headings of commands by their names; others stand under "Commands"
    /// @param exitCodes exit codes with their meanings; none for most
    void print(Syntax syntax, String calledBy, List<Syntax> commands, Map<String, String> purposes,
               Map<String, String> exitCodes) {
        paragraph(syntax.summary(), "");
        console.out().println();
        StringBuilder synopsis = new StringBuilder(calledBy).append(" [OPTIONS]");
        syntax.positionals().forEach(positional -> synopsis.append(' ').append(positional.shown()));
        synopsis.append(commands.isEmpty() ? "" : " [COMMAND]");
        console.printBold("Usage:");
        hanging(" " + synopsis, "Usage:".length(), " ".repeat(7));
        if (!syntax.aliases().isEmpty()) {
            paragraph("Also: glia " + String.join(", glia ", syntax.aliases()), "");
        }
        Map<String, Map<String, String>> sections = new LinkedHashMap<>();
        purposes.values().forEach(heading -> sections.putIfAbsent(heading, new LinkedHashMap<>()));
        for (Syntax command : commands) {
            add(sections, purposes.getOrDefault(command.name(), "Commands"),
                    command.name().substring(command.name().indexOf(' ') + 1), command.summary());
        }
        syntax.positionals().forEach(positional ->
                add(sections, "Arguments", positional.shown(), positional.description()));
        for (Option<?> option : byGroup(syntax.options())) {
            add(sections, option.group().isEmpty() ? "Options" : option.group(), option.shown(), option.explained());
        }
        exitCodes.forEach((code, meaning) -> add(sections, "Exit codes", code, meaning));
        print(sections);
        if (!syntax.examples().isEmpty()) {
            heading("Examples");
            syntax.examples().lines().forEach(line -> hanging("  " + line, 0, " ".repeat(6)));
        }
        if (!syntax.notes().isEmpty()) {
            console.out().println();
            syntax.notes().lines().forEach(line -> paragraph(line, ""));
        }
    }

    /// Those without a group first.
    private static List<Option<?>> byGroup(List<Option<?>> options) {
        List<Option<?>> sorted = new ArrayList<>(options);
        sorted.sort(Comparator.comparing(option -> !option.group().isEmpty()));
        return sorted;
    }

    private static void add(Map<String, Map<String, String>> sections, String heading, String name, String text) {
        sections.computeIfAbsent(heading, key -> new LinkedHashMap<>()).put(name, text);
    }

    private void print(Map<String, Map<String, String>> sections) {
        int widest = sections.values().stream().mapToInt(HelpText::widestName).max().orElse(0);
        sections.forEach((heading, section) -> {
            heading(heading);
            section.forEach((name, text) -> print(name, text, width < WIDE ? widestName(section) : widest));
        });
    }

    private static int widestName(Map<String, String> section) {
        return section.keySet().stream().mapToInt(String::length).filter(length -> length <= MAX_NAME).max().orElse(0);
    }

    private void print(String name, String text, int nameWidth) {
        if (2 + nameWidth + 2 + MIN_TEXT > width) {
            console.out().println("  " + name.strip());
            paragraph(text, " ".repeat(6));
            return;
        }
        String indent = " ".repeat(2 + nameWidth + 2);
        String lines = WordWrap.of(text, width - indent.length()).replace("\n", "\n" + indent);
        String left = "  " + name;
        console.out().println(left.length() + 2 <= indent.length() ? left + indent.substring(left.length()) + lines
                : left + "\n" + indent + lines);
    }

    private void heading(String heading) {
        console.out().println();
        console.printBold(heading + ":");
        console.out().println();
    }

    /// A line whose continuations are indented.
    ///
    /// @param column where the line begins
    private void hanging(String line, int column, String indent) {
        if (column + line.length() <= width) {
            console.out().println(line);
            return;
        }
        int indented = line.length() - line.stripLeading().length();
        String text = WordWrap.of(line.strip(), width - Math.max(column + indented, indent.length()));
        console.out().println(line.substring(0, indented) + text.replace("\n", "\n" + indent));
    }

    private void paragraph(String text, String indent) {
        console.out().println(indent + WordWrap.of(text, width - indent.length()).replace("\n", "\n" + indent));
    }
}
