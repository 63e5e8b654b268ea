package glia.cli.answer;

import glia.cli.terminal.Console;
import glia.engine.TextListener;

/// Prints an answer as it is made. Ends it where nobody reads on, or where [#stop] was called.
public final class StreamedAnswer implements TextListener {
    private final Console console;
    private volatile boolean stopped;

    /// @param console on whose standard output it is printed
    public StreamedAnswer(Console console) {
        this.console = console;
    }

    /// Ends the answer before its next token. May be called from any thread.
    public void stop() {
        stopped = true;
    }

    @Override
    public void text(String piece) {
        console.out().print(piece);
        if (console.out().checkError()) {
            stopped = true;
        }
    }

    @Override
    public boolean cancelled() {
        return stopped;
    }
}
