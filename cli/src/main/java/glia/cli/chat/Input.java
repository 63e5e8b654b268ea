package glia.cli.chat;

import glia.cli.terminal.Console;
import java.io.IOException;
import java.nio.file.Path;

/// Where the messages of a conversation come from.
public interface Input extends AutoCloseable {
    /// A terminal's line editor where a person sits at one, else standard input as it is.
    ///
    /// @param history the file of what was typed before
    /// @throws IOException if the terminal cannot be used
    static Input of(Console console, Path history) throws IOException {
        boolean person = console.inIsTerminal() && console.outIsTerminal() && !Console.isDumb(System.getenv());
        return person ? new TerminalInput(console, history, ChatCommands.names()) : new PlainInput(console);
    }

    /// The next message, perhaps of several lines, or null where there are no more.
    String next();

    /// Columns of the terminal on which answers are read, or 0 where there is none.
    int width();

    /// Calls an action when the user wants an answer to stop, until [#endAnswer].
    void beginAnswer(Runnable onStop);

    /// Ctrl-C is the user's again.
    void endAnswer();

    @Override
    void close();
}
