package glia.cli;

import glia.cli.args.Arguments;
import glia.cli.args.HelpText;
import glia.cli.args.Suggestion;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.command.BenchCommand;
import glia.cli.command.ChatCommand;
import glia.cli.command.CheckCommand;
import glia.cli.command.Command;
import glia.cli.command.CompletionCommand;
import glia.cli.command.ExitCode;
import glia.cli.command.InspectCommand;
import glia.cli.command.ModelsCommand;
import glia.cli.command.PerplexityCommand;
import glia.cli.command.PullCommand;
import glia.cli.command.RemoveCommand;
import glia.cli.command.RunCommand;
import glia.cli.command.TokenizeCommand;
import glia.cli.terminal.Console;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// The program without its process: finds the command that is meant, runs it, and puts errors into words.
public final class Cli {
    private final Console console;
    private final List<Command> commands;

    /// @param console where to read and write
    public Cli(Console console) {
        this.console = console;
        this.commands = List.of(new ChatCommand(), new RunCommand(), new PullCommand(), new ModelsCommand(),
                new RemoveCommand(), new InspectCommand(), new TokenizeCommand(), new PerplexityCommand(),
                new BenchCommand(), new CheckCommand(), new CompletionCommand(this::syntaxes));
    }

    /// Runs one command line.
    ///
    /// @param words the words after the program's name
    /// @return one of [ExitCode]
    public int run(List<String> words) {
        boolean debug = words.contains(Syntax.DEBUG.name()) || "1".equals(System.getenv("GLIA_DEBUG"));
        int exitCode;
        try {
            boolean first = !words.isEmpty() && words.getFirst().equals(Syntax.DEBUG.name());
            exitCode = dispatch(first ? words.subList(1, words.size()) : words);
        } catch (Exception | OutOfMemoryError e) {
            console.out().flush();
            exitCode = ErrorReport.of(e).print(console, debug ? e : null);
        }
        console.out().flush();
        console.err().flush();
        return exitCode;
    }

    private int dispatch(List<String> words) throws Exception {
        String first = words.isEmpty() ? "--help" : words.getFirst();
        return switch (first) {
            case "--help", "-h" -> print(rootHelp());
            case "--version" -> print(Version.line() + "\n");
            case "help" -> words.size() == 1 ? print(rootHelp())
                    : print(HelpText.of(command(words.subList(1, words.size())).syntax()));
            default -> runCommand(words);
        };
    }

    private int runCommand(List<String> words) throws Exception {
        Command command = command(words);
        Syntax syntax = command.syntax();
        int numNameWords = syntax.name().split(" ").length;
        Arguments arguments = Arguments.parse(syntax, words.subList(numNameWords, words.size()));
        return arguments.has(Syntax.HELP) ? print(HelpText.of(syntax)) : command.run(arguments, console);
    }

    /// The command with the longest name that the words begin with.
    private Command command(List<String> words) {
        for (int numNameWords = Math.min(2, words.size()); numNameWords > 0; numNameWords--) {
            String name = String.join(" ", words.subList(0, numNameWords));
            for (Command command : commands) {
                if (command.name().equals(name)) {
                    return command;
                }
            }
        }
        Set<String> known = new LinkedHashSet<>();
        commands.forEach(command -> known.add(command.name()));
        String word = words.getFirst();
        throw new UsageException((word.startsWith("-") ? "glia has no option '" : "glia has no command '") + word + "'"
                + Suggestion.of(word, known).map(near -> "; did you mean '" + near + "'?").orElse(""));
    }

    private List<Syntax> syntaxes() {
        return commands.stream().map(Command::syntax).toList();
    }

    private int print(String text) {
        console.out().print(text);
        return ExitCode.OK;
    }

    private String rootHelp() {
        return new HelpText()
                .line("Glia loads and runs language models.")
                .line("")
                .line("Usage: glia COMMAND [options]       glia COMMAND --help tells more about one")
                .line("")
                .rows("Commands:", syntaxes().stream()
                        .map(syntax -> new HelpText.Row(syntax.name(), syntax.summary())).toList())
                .line("")
                .rows("Options:", List.of(
                        new HelpText.Row("-h, --help", "show this help"),
                        new HelpText.Row("--version", "show the version"),
                        new HelpText.Row("--debug", Syntax.DEBUG.description())))
                .line("")
                .rows("Exit codes:", ExitCode.MEANINGS.stream()
                        .map(meaning -> new HelpText.Row(Integer.toString(meaning.code()), meaning.words())).toList())
                .toString();
    }
}
