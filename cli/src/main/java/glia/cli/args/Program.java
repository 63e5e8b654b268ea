package glia.cli.args;

import glia.cli.terminal.Console;
import glia.io.Suggestions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/// The program's command line with all its commands: parses words, prints help texts, writes completion scripts.
/// Parsing and completion are picocli's (https://picocli.info).
///
/// Options and positionals may be mixed; `--name=value` is the same as `--name value`; words after `--` are never
/// options; a lone `-` is a positional.
public final class Program {
    static {
        // All options have converters of their own; else picocli looks up dozens by reflection for each command.
        System.setProperty("picocli.converters.excludes", ".*");
    }

    private final Syntax syntax;
    private final List<Syntax> commands;
    private final Map<String, String> exitCodes;
    private final Supplier<String> version;
    private final Map<String, String> purposes;

    /// A command that was called.
    ///
    /// @param syntax its syntax
    /// @param arguments its options and positionals
    public record Call(Syntax syntax, Arguments arguments) {}

    /// @param syntax the program's own name, summary and options
    /// @param commands all commands, those of a group after the command that is the group's name
    /// @param exitCodes the meaning of each exit code, for the help text
    /// @param version the line that `--version` prints
    public Program(Syntax syntax, List<Syntax> commands, Map<String, String> exitCodes, Supplier<String> version) {
        this(syntax, commands, exitCodes, version, Map.of());
    }

    /// @param purposes headings of the list of commands, by the commands' names
    public Program(Syntax syntax, List<Syntax> commands, Map<String, String> exitCodes, Supplier<String> version,
            Map<String, String> purposes) {
        this.purposes = purposes;
        this.syntax = syntax;
        this.commands = commands;
        this.exitCodes = exitCodes;
        this.version = version;
    }

    /// The words with a command's name in place of its alias: `models` for `ls`.
    public List<String> canonical(List<String> words) {
        int first = firstWord(words);
        if (first < 0) {
            return words;
        }
        for (Syntax command : commands) {
            if (command.aliases().contains(words.get(first))) {
                List<String> canonical = new ArrayList<>(words);
                canonical.remove(first);
                canonical.addAll(first, List.of(command.name().split(" ")));
                return canonical;
            }
        }
        return words;
    }

    /// The index of the first word that is not an option; no option before a command has a value.
    private static int firstWord(List<String> words) {
        for (int i = 0; i < words.size(); i++) {
            if (!words.get(i).startsWith("-")) {
                return i;
            }
        }
        return -1;
    }

    private CommandLine root(Predicate<Syntax> wanted) {
        CommandSpec spec = CommandSpecs.of(syntax).name(syntax.name());
        for (Syntax command : commands) {
            if (wanted.test(command)) {
                int space = command.name().indexOf(' ');
                CommandSpec group = space < 0 ? spec
                        : spec.subcommands().get(command.firstWord()).getCommandSpec();
                group.addSubcommand(command.name().substring(space + 1),
                        new CommandLine(CommandSpecs.of(command), CommandSpecs.FACTORY));
            }
        }
        return new CommandLine(spec, CommandSpecs.FACTORY).setExpandAtFiles(false)
                .setAllowOptionsAsOptionParameters(true);
    }

    /// Parses a command line. Prints help or the version if the line requests it or names no command.
    ///
    /// @return the command that was called; empty if something was printed instead
    /// @throws UsageException if a word is unknown, repeated, missing, or not a value of its option
    public Optional<Call> parse(List<String> typed, Console console) {
        List<String> words = new ArrayList<>(canonical(typed));
        int first = firstWord(words);
        String name = first < 0 ? "" : words.get(first);
        imply(name, words);
        // Only the named command is declared, which is faster.
        CommandLine root = root(command -> command.firstWord().equals(name));
        if (first >= 0 && root.getSubcommands().isEmpty()) {
            throw new UsageException("there is no command '" + name + "'" + didYouMean(name, commandWords(), "'"));
        }
        declare(root.getCommandSpec(), words::contains);
        ParseResult result;
        try {
            result = root.parseArgs(words.toArray(String[]::new));
        } catch (ParameterException e) {
            throw usageException(e, words);
        }
        List<ParseResult> results = new ArrayList<>();
        boolean isHelp = result.isUsageHelpRequested();
        boolean isVersion = result.isVersionHelpRequested();
        while (result.hasSubcommand()) {
            result = result.subcommand();
            results.add(result);
            isHelp |= result.isUsageHelpRequested();
        }
        Syntax called = (Syntax) result.commandSpec().userObject();
        if (isHelp || !isVersion && results.isEmpty()) {
            printHelp(called, result, console);
            return Optional.empty();
        }
        if (isVersion) {
            console.out().println(version.get());
            return Optional.empty();
        }
        noteFormerNames(called, words, console);
        return Optional.of(new Call(called, Arguments.of(called, results)));
    }

    /// Says which option to use in place of a letter that means another one in other commands.
    private static void noteFormerNames(Syntax called, List<String> words, Console console) {
        int end = words.contains("--") ? words.indexOf("--") : words.size();
        for (Option<?> option : called.options()) {
            for (String name : option.former()) {
                if (words.subList(0, end).stream().anyMatch(word -> word.startsWith(name))) {
                    console.err().println("glia: " + name + " is deprecated here, since it means another option in "
                            + "other commands: use " + option.name());
                }
            }
        }
    }

    /// Replaces options without a value by those with the value that they imply.
    private void imply(String firstWord, List<String> words) {
        for (Syntax command : commands) {
            for (Option<?> option : command.firstWord().equals(firstWord) ? command.options() : List.<Option<?>>of()) {
                int end = words.contains("--") ? words.indexOf("--") : words.size();
                for (int i = 0; i < end && !option.implied().isEmpty(); i++) {
                    if (option.names().contains(words.get(i))) {
                        words.set(i, words.get(i) + "=" + option.implied());
                    }
                }
            }
        }
    }

    private void printHelp(Syntax called, ParseResult result, Console console) {
        if (called == syntax) {
            new HelpText(console).print(syntax, syntax.name(),
                    commands.stream().filter(command -> command.name().indexOf(' ') < 0).toList(), purposes, exitCodes);
            return;
        }
        List<Syntax> own = commands.stream().filter(c -> c.name().startsWith(called.name() + " ")).toList();
        List<String> unknown = result.unmatched().stream().filter(word -> !word.startsWith("-")).toList();
        if (!own.isEmpty() && !unknown.isEmpty()) {
            throw noCommand(unknown.getFirst(), result.commandSpec());
        }
        new HelpText(console).print(called, result.commandSpec().qualifiedName(), own, Map.of(), Map.of());
    }

    /// The names and aliases of commands, and the options that a word may mean in their place.
    private List<String> commandWords() {
        List<String> words = new ArrayList<>(Syntax.VERSION.names());
        for (Syntax command : commands) {
            words.add(command.firstWord());
            words.addAll(command.aliases());
        }
        return words.stream().distinct().toList();
    }

    /// The error in picocli's exception, in words of the program's own. Unknown words come first.
    private static UsageException usageException(ParameterException e, List<String> words) {
        CommandLine command = e.getCommandLine();
        CommandSpec spec = command.getCommandSpec();
        List<String> unknown = command.getUnmatchedArguments();
        if (!unknown.isEmpty()) {
            String word = unknown.getFirst();
            if (new UnmatchedArgumentException(command, unknown).isUnknownOption()) {
                return new UsageException(has(spec) + " no option '" + word + "'" + didYouMeanOption(word, spec), e);
            }
            return command.getSubcommands().isEmpty()
                    ? tooMany(word, (Syntax) spec.userObject(), Map.of()) : noCommand(word, spec);
        }
        ArgSpec arg = e instanceof OverwrittenOptionException twice ? twice.getOverwritten()
                : e instanceof MissingParameterException missing ? missing.getMissing().getFirst() : e.getArgSpec();
        if (arg == null || !(arg.userObject() instanceof Option<?> option)) {
            return new UsageException(e.getMessage(), e);
        }
        String name = asTyped(option, words);
        if (e instanceof OverwrittenOptionException) {
            return new UsageException(name + " is given twice", e);
        }
        if (e instanceof MissingParameterException) {
            return new UsageException(name + " needs a value: " + option.label(), e);
        }
        try {
            option.parser().apply(e.getValue());
            return new UsageException(e.getMessage(), e);
        } catch (IllegalArgumentException wrong) {
            return new UsageException(name + ": " + wrong.getMessage(), e);
        }
    }

    /// The name by which a command line gives an option, and its long name if that is another: `-t (--threads)`.
    private static String asTyped(Option<?> option, List<String> words) {
        for (String word : words) {
            for (String name : Stream.concat(option.names().stream(), option.former().stream()).toList()) {
                boolean isShort = name.length() == 2;
                if (word.equals(name) || word.startsWith(isShort ? name : name + "=")) {
                    return name.equals(option.name()) ? name : name + " (" + option.name() + ")";
                }
            }
        }
        return option.name();
    }

    private static String has(CommandSpec spec) {
        return spec.parent() == null ? "there is" : spec.qualifiedName() + " has";
    }

    private static UsageException noCommand(String word, CommandSpec spec) {
        return new UsageException(has(spec) + " no command '" + word + "'"
                + didYouMean(word, spec.subcommands().keySet(), "'"));
    }

    /// The error for a word after all positionals.
    ///
    /// @param values the options that were given
    static UsageException tooMany(String word, Syntax syntax, Map<Option<?>, List<?>> values) {
        StringBuilder message = new StringBuilder("'" + word + "' is one word too many");
        StringBuilder synopsis = new StringBuilder("; use: glia " + syntax.name() + " [OPTIONS]");
        for (Positional positional : syntax.positionals()) {
            if (positional.option().isPresent() && values.containsKey(positional.option().get())) {
                message.append(": ").append(positional.option().get().name()).append(" gives ")
                        .append(positional.label());
            } else {
                synopsis.append(' ').append(positional.shown());
            }
        }
        return new UsageException(message.append(synopsis).toString());
    }

    private static String didYouMeanOption(String word, CommandSpec spec) {
        String name = word.indexOf('=') < 0 ? word : word.substring(0, word.indexOf('='));
        for (Option<?> option : ((Syntax) spec.userObject()).options()) {
            if (option.synonyms().contains(name)) {
                return "; did you mean " + option.name() + "?";
            }
        }
        return didYouMean(name, spec.optionsMap().keySet(), "");
    }

    private static String didYouMean(String word, Collection<String> known, String quote) {
        List<String> near = Suggestions.closest(word, known);
        return near.isEmpty() ? "" : "; did you mean " + quote + near.getFirst() + quote + "?";
    }

    /// Declares the options of a tree's commands: its own and those of all named ones.
    private static void declare(CommandSpec spec, Predicate<String> wanted) {
        CommandSpecs.declare(spec);
        for (Map.Entry<String, CommandLine> command : spec.subcommands().entrySet()) {
            if (wanted.test(command.getKey())) {
                declare(command.getValue().getCommandSpec(), wanted);
            }
        }
    }
}
