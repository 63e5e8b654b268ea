package glia.cli.chat;

import glia.cli.terminal.Console;
import java.io.IOException;
import java.nio.file.Path;

/// The source of a chat's messages.
public interface Input extends AutoCloseable {
    /// A line editor if standard input and output are a terminal, else standard input as it is.
    ///
    /// @param history the file of earlier messages
    /// @throws IOException if the terminal cannot be used
    static Input of(Console console, Path history) throws IOException {
        boolean person = console.inIsTerminal() && console.outIsTerminal() && !Console.isDumb(System.getenv());
        return person ? new TerminalInput(console, history, ChatCommands.names()) : new PlainInput(console);
    }

    /// The next message, of one or more lines; null at the end of the input.
    String next();

    /// Columns of the terminal on which answers are shown; 0 if there is none.
    int width();

    /// Lets Ctrl-C run an action in place of ending the process, until [#endAnswer].
    void beginAnswer(Runnable onStop);

    /// Lets Ctrl-C end the process again.
    void endAnswer();

    @Override
    void close();
}
