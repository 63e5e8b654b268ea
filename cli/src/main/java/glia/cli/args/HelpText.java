package glia.cli.args;

import java.util.ArrayList;
import java.util.List;

/// Lays out help texts in two columns of plain text, at most [#WIDTH] characters wide.
public final class HelpText {
    /// Characters of a line at most.
    static final int WIDTH = 100;
    private static final int WIDEST_LEFT = 30;

    private final StringBuilder text = new StringBuilder();

    /// An empty text.
    public HelpText() {}

    /// The whole help text of one command.
    public static String of(Syntax syntax) {
        HelpText help = new HelpText().line(syntax.summary() + ".").line("").line("Usage: " + syntax.synopsis());
        help.rows("", syntax.positionals().stream()
                .map(positional -> new Row(positional.label(), positional.description())).toList());
        help.rows("Options:", syntax.options().stream().map(HelpText::row).toList());
        if (!syntax.notes().isEmpty()) {
            help.line("");
            syntax.notes().forEach(help::line);
        }
        return help.toString();
    }

    /// One line as it is.
    public HelpText line(String line) {
        text.append(line).append('\n');
        return this;
    }

    /// A title and a table under it; nothing if the table is empty.
    public HelpText rows(String title, List<Row> rows) {
        if (rows.isEmpty()) {
            return this;
        }
        line(title);
        int left = Math.min(WIDEST_LEFT, rows.stream().mapToInt(row -> row.left().length()).max().orElse(0));
        for (Row row : rows) {
            List<String> right = wrap(row.right(), WIDTH - left - 4);
            boolean fits = row.left().length() <= left;
            line(("  " + pad(row.left(), left) + (fits ? "  " + right.getFirst() : "")).stripTrailing());
            right.stream().skip(fits ? 1 : 0).forEach(part -> line(" ".repeat(left + 4) + part));
        }
        return this;
    }

    @Override
    public String toString() {
        return text.toString();
    }

    private static Row row(Option<?> option) {
        String names = option.names().size() == 1 ? "    " + option.name()
                : option.names().getLast() + ", " + option.name();
        String choices = option.choices().isEmpty() ? "" : " (" + String.join(", ", option.choices()) + ")";
        return new Row(option.takesValue() ? names + " " + option.label() : names, option.description() + choices);
    }

    private static String pad(String word, int width) {
        return word + " ".repeat(Math.max(0, width - word.length()));
    }

    private static List<String> wrap(String sentence, int width) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : sentence.split(" ")) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }

    /// One line of a table.
    ///
    /// @param left what is explained
    /// @param right the explanation, wrapped where it is long
    public record Row(String left, String right) {}
}
