package glia.cli.answer;

import glia.cli.terminal.Console;
import glia.cli.terminal.WordWrap;
import glia.engine.TextListener;

/// Prints an answer as it is made. Ends it where nobody reads on, or where [#stop] was called.
public final class StreamedAnswer implements TextListener {
    private final Console console;
    private final WordWrap lines;
    private volatile boolean stopped;

    /// An answer whose lines are as the model makes them.
    ///
    /// @param console on whose standard output it is printed
    public StreamedAnswer(Console console) {
        this(console, 0);
    }

    /// @param console on whose standard output it is printed
    /// @param width columns after which lines are broken between words; 0: nowhere
    public StreamedAnswer(Console console, int width) {
        this.console = console;
        this.lines = new WordWrap(width);
    }

    /// Ends the answer before its next token. May be called from any thread.
    public void stop() {
        stopped = true;
    }

    @Override
    public void text(String piece) {
        print(lines.accept(piece));
    }

    @Override
    public void dropped(int numExchanges, int contextLength) {
        console.err().println(console.dim("Dropped the " + (numExchanges == 1 ? "oldest exchange" : numExchanges
                + " oldest exchanges") + " to fit the context of " + contextLength + " tokens."));
    }

    /// Prints what is left, and ends the line.
    public void end() {
        print(lines.finish());
        console.out().println();
    }

    private void print(String text) {
        console.out().print(text);
        if (console.out().checkError()) {
            stopped = true;
        }
    }

    @Override
    public boolean cancelled() {
        return stopped;
    }
}
