package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;

/// One command of the program.
public interface Command {
    /// The word that calls it; two words for a command of a group, such as `models remove`.
    String name();

    /// The words that it understands.
    Syntax syntax();

    /// Does what it is for.
    ///
    /// @return one of [ExitCode]
    /// @throws Exception what [glia.cli.ErrorReport] can put into words
    int run(Arguments arguments, Console console) throws Exception;
}
