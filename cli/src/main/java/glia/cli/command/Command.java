package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;

/// A command of the program.
public interface Command {
    /// The word that calls it; two words for a command of a group: `models remove`.
    String name();

    /// Its options, positionals and help text.
    Syntax syntax();

    /// Runs it.
    ///
    /// @return one of [ExitCode]
    /// @throws Exception for [glia.cli.ErrorReport] to report
    int run(Arguments arguments, Console console) throws Exception;
}
