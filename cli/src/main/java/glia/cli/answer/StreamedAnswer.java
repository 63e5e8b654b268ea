package glia.cli.answer;

import glia.cli.terminal.Console;
import glia.cli.terminal.VisibleText;
import glia.cli.terminal.WordWrap;
import glia.engine.TextListener;

/// Prints an answer while it is generated. Cancels generation when the reader of standard output is gone, or after
/// [#stop].
public class StreamedAnswer implements TextListener {
    private final Console console;
    private final WordWrap lines;
    private final Runnable onFirst;
    private boolean begun;
    private volatile boolean stopped;

    /// @param console on whose standard output the answer is printed
    /// @param width columns at which lines are wrapped between words; 0: nowhere
    /// @param onFirst called before the first text is printed
    public StreamedAnswer(Console console, int width, Runnable onFirst) {
        this.console = console;
        this.lines = new WordWrap(width);
        this.onFirst = onFirst;
    }

    /// Ends the answer before its next token. May be called from any thread.
    public void stop() {
        stopped = true;
    }

    @Override
    public void text(String piece) {
        if (!begun) {
            begun = true;
            onFirst.run();
        }
        // Before lines are wrapped, since a control character takes several columns then.
        print(lines.accept(console.outIsTerminal() ? VisibleText.of(piece) : piece));
    }

    /// Prints the rest of the text, and ends the line.
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
