package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import java.util.List;
import java.util.stream.Stream;

/// Shows help texts: `glia help models remove` is `glia models remove --help`.
public final class HelpCommand implements Command {
    private final Runner program;

    /// Runs a command line of the program.
    public interface Runner {
        /// @return one of [ExitCode]
        /// @throws Exception what the command throws
        int run(List<String> words) throws Exception;
    }

    /// @param program runs `glia COMMAND --help`
    public HelpCommand(Runner program) {
        this.program = program;
    }

    @Override
    public String name() {
        return "help";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Show the help text of a command",
                List.of(new Positional("COMMAND", "command (default: a list of all)", false),
                        new Positional("SUBCOMMAND", "command of a command, as in models remove", false)),
                List.of()).examples("""
                        $ glia help run
                        Answer one prompt
                        ...""");
    }

    @Override
    public int run(Arguments arguments, Console console) throws Exception {
        return program.run(Stream.of(arguments.optional(0).stream(), arguments.optional(1).stream(),
                Stream.of(Syntax.HELP.name())).flatMap(words -> words).toList());
    }
}
