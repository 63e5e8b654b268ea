package glia.cli.args;

import glia.io.Suggestions;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/// The program's command line with all its commands: takes words apart, shows help texts, writes completion scripts.
/// All this is picocli's work (https://picocli.info).
///
/// Options and positionals may be mixed; `--name=value` is the same as `--name value`; what follows `--` is never an
/// option; a lone `-` is a positional.
public final class Program {
    static {
        // All options have converters of their own; else picocli looks up dozens by reflection for each command.
        System.setProperty("picocli.converters.excludes", ".*");
    }

    private static final int LEAST_WIDTH = 55;

    private final Syntax syntax;
    private final List<Syntax> commands;
    private final Map<String, String> exitCodes;
    private final Supplier<String> version;

    /// A command that was called.
    ///
    /// @param syntax which one
    /// @param arguments with what
    public record Call(Syntax syntax, Arguments arguments) {}

    /// @param syntax the program's own name, summary and options
    /// @param commands all commands, those of a group after the command that is the group's name
    /// @param exitCodes what each exit code means, for the help text
    /// @param version the line that `--version` prints
    public Program(Syntax syntax, List<Syntax> commands, Map<String, String> exitCodes, Supplier<String> version) {
        this.syntax = syntax;
        this.commands = commands;
        this.exitCodes = exitCodes;
        this.version = version;
    }

    /// The commands that words may mean: the one that the first word names, if it is one, else all, which takes longer.
    private CommandLine root(List<String> words) {
        Optional<String> first = words.stream().filter(word -> !word.startsWith("-")).findFirst();
        Predicate<Syntax> named = command -> words.contains(firstWord(command));
        boolean isKnown = first.isPresent()
                && commands.stream().anyMatch(command -> firstWord(command).equals(first.get()));
        return root(isKnown ? named : command -> true);
    }

    private static String firstWord(Syntax command) {
        return command.name().split(" ")[0];
    }

    private CommandLine root(Predicate<Syntax> wanted) {
        CommandSpec spec = CommandSpecs.of(syntax).name(syntax.name())
                .versionProvider(() -> new String[] {version.get()});
        spec.usageMessage().exitCodeListHeading("%nExit codes:%n").exitCodeList(exitCodes)
                .sectionKeys(commandsFirst(spec.usageMessage().sectionKeys()));
        for (Syntax command : commands.stream().filter(wanted).toList()) {
            String[] words = command.name().split(" ");
            CommandSpec group = spec;
            for (int i = 0; i < words.length - 1; i++) {
                group = group.subcommands().get(words[i]).getCommandSpec();
            }
            group.addSubcommand(words[words.length - 1],
                    new CommandLine(CommandSpecs.of(command), CommandSpecs.FACTORY));
        }
        return new CommandLine(spec, CommandSpecs.FACTORY).setExpandAtFiles(false)
                .setAllowOptionsAsOptionParameters(true);
    }

    /// Takes a command line apart. Where it asks for help or the version, or names no command, that is printed.
    ///
    /// @param width columns of the terminal that shows help texts; 0 for any number
    /// @param color whether help texts have colors
    /// @return the command that was called; empty where something was printed instead
    /// @throws UsageException if a word is unknown, repeated, no possible value, or missing
    public Optional<Call> parse(List<String> words, PrintStream out, int width, boolean color) {
        CommandLine root = root(words);
        declare(root.getCommandSpec(), words::contains);
        if (width > 0) {
            // picocli takes no less than 55.
            root.setUsageHelpWidth(Math.clamp(width, LEAST_WIDTH, CommandSpecs.WIDTH));
        }
        root.setOut(new PrintWriter(out, true))
                .setColorScheme(Help.defaultColorScheme(color ? Help.Ansi.ON : Help.Ansi.OFF));
        ParseResult result;
        try {
            result = root.parseArgs(words.toArray(String[]::new));
        } catch (ParameterException e) {
            throw usageException(e);
        }
        if (CommandLine.printHelpIfRequested(result)) {
            return Optional.empty();
        }
        if (!result.hasSubcommand()) {
            root.usage(root.getOut());
            return Optional.empty();
        }
        List<ParseResult> results = new ArrayList<>();
        while (result.hasSubcommand()) {
            result = result.subcommand();
            results.add(result);
        }
        Syntax called = (Syntax) result.commandSpec().userObject();
        return Optional.of(new Call(called, Arguments.of(called, results)));
    }

    /// A script that lets bash, and zsh through its own bridge, complete commands, options and the values of options
    /// that have few; all else completes to file names.
    public String completionScript() {
        CommandLine root = root(command -> true);
        declare(root.getCommandSpec(), word -> true);
        return AutoComplete.bash(root.getCommandName(), root);
    }

    /// What is wrong in the words of picocli, or in clearer ones where there are. Unknown words come first.
    static UsageException usageException(ParameterException e) {
        CommandLine command = e.getCommandLine();
        CommandSpec spec = command.getCommandSpec();
        List<String> unknown = command.getUnmatchedArguments();
        if (unknown.isEmpty()) {
            return new UsageException(e.getMessage(), e);
        }
        String word = "'" + unknown.getFirst() + "'";
        String has = spec.parent() == null ? "there is" : spec.qualifiedName() + " has";
        if (new UnmatchedArgumentException(command, unknown).isUnknownOption()) {
            return new UsageException(has + " no option " + word
                    + didYouMean(unknown.getFirst(), spec.optionsMap().keySet(), ""), e);
        }
        if (command.getSubcommands().isEmpty()) {
            return new UsageException(word + " is one word too many; use: "
                    + command.getHelp().abbreviatedSynopsis().strip(), e);
        }
        return new UsageException(has + " no command " + word
                + didYouMean(unknown.getFirst(), command.getSubcommands().keySet(), "'"), e);
    }

    private static String didYouMean(String word, Set<String> known, String quote) {
        List<String> near = Suggestions.closest(word, known);
        return near.isEmpty() ? "" : "; did you mean " + quote + near.getFirst() + quote + "?";
    }

    /// Declares the options of the commands of a tree: its own and those of all whose names are asked for.
    private static void declare(CommandSpec spec, Predicate<String> wanted) {
        CommandSpecs.declare(spec);
        for (Map.Entry<String, CommandLine> command : spec.subcommands().entrySet()) {
            if (wanted.test(command.getKey())) {
                declare(command.getValue().getCommandSpec(), wanted);
            }
        }
    }

    private static List<String> commandsFirst(List<String> sectionKeys) {
        List<String> keys = new ArrayList<>(sectionKeys);
        List<String> commands = List.of(UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING,
                UsageMessageSpec.SECTION_KEY_COMMAND_LIST);
        keys.removeAll(commands);
        keys.addAll(keys.indexOf(UsageMessageSpec.SECTION_KEY_OPTION_LIST_HEADING), commands);
        return keys;
    }
}
