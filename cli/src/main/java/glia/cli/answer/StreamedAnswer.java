package glia.cli.answer;

import glia.cli.terminal.Console;
import glia.cli.terminal.Units;
import glia.cli.terminal.VisibleText;
import glia.cli.terminal.WordWrap;
import glia.engine.TextListener;
import glia.engine.answer.Canvas;
import glia.engine.thinking.Thought;

/// Prints an answer while it is generated. Cancels generation when the reader of standard output is gone, or after
/// [#stop].
///
/// The thinking before the answer is printed faint, or folded: a terminal shows one line with its length.
public class StreamedAnswer implements TextListener {
    private static final String THINKING = "Thinking…";

    private final Console console;
    private final WordWrap lines;
    private final WordWrap thinkingLines;
    private final boolean showsThinking;
    private final Runnable onFirst;
    private boolean begun;
    private boolean isDrawn;
    private boolean isThinking;
    private volatile boolean stopped;
    private long readingSince;
    private int readBefore;
    private boolean showsProgress;

    /// @param console on whose standard output the answer is printed
    /// @param width columns at which lines are wrapped between words; 0: nowhere
    /// @param showsThinking whether the thinking is printed
    /// @param onFirst called before the first text is printed
    public StreamedAnswer(Console console, int width, boolean showsThinking, Runnable onFirst) {
        this.console = console;
        this.lines = new WordWrap(width);
        this.thinkingLines = new WordWrap(width);
        this.showsThinking = showsThinking;
        this.onFirst = onFirst;
    }

    /// Ends the answer before its next token. May be called from any thread.
    public void stop() {
        stopped = true;
    }

    private void begin() {
        if (!begun) {
            begun = true;
            clearProgress();
            onFirst.run();
        }
    }

    /// Shows on a terminal how much of a long prompt is computed and how long the rest will take.
    @Override
    public void reading(int numRead, int length) {
        long now = System.nanoTime();
        if (readingSince == 0) {
            readingSince = now;
            readBefore = numRead;
            return;
        }
        if (console.errIsTerminal() && console.color()) {
            double seconds = (now - readingSince) / 1e9 * (length - numRead) / (numRead - readBefore);
            clearProgress();
            console.err().print("Reading the prompt: " + numRead + " of " + length + " tokens, about "
                    + Units.wholeSeconds(seconds) + " left");
            console.err().flush();
            showsProgress = true;
        }
    }

    private void clearProgress() {
        if (showsProgress) {
            console.clearProgress();
            showsProgress = false;
        }
    }

    @Override
    public void text(String piece) {
        begin();
        // Before lines are wrapped, since a control character takes several columns then.
        print(lines.accept(shown(piece)));
    }

    /// Draws what may still change faint behind the text, on the rest of the line, and lets the next text replace it.
    @Override
    public void canvas(Canvas canvas) {
        StringBuilder open = new StringBuilder();
        canvas.spans().stream().filter(span -> span.state() != Canvas.State.FINAL)
                .forEach(span -> open.append(span.text()));
        if (console.color() && lines.room() > 1) {
            begin();
            String line = VisibleText.of(open.toString().replace('\n', ' '));
            while (WordWrap.width(line) >= lines.room()) {
                line = line.substring(0, line.offsetByCodePoints(line.length(), -1));
            }
            clearCanvas();
            console.drawBehind(line);
            isDrawn = true;
        }
    }

    private void clearCanvas() {
        if (isDrawn) {
            console.clearBehind();
            isDrawn = false;
        }
    }

    private String shown(String piece) {
        return console.outIsTerminal() ? VisibleText.of(piece) : piece;
    }

    @Override
    public void thinking(String piece) {
        begin();
        if (showsThinking) {
            printThinking(thinkingLines.accept(shown(piece)));
        } else if (!isThinking && console.color()) {
            printThinking(THINKING);
            console.out().flush();
        }
        isThinking = true;
    }

    @Override
    public void thought(Thought thought) {
        if (showsThinking) {
            printThinking(thinkingLines.finish());
            console.out().println();
            console.out().println();
        } else {
            if (console.color()) {
                console.clearLine();
            }
            folded(AnswerText.summary(thought));
        }
    }

    /// Shows the length of thinking that is not printed, if standard output is a terminal.
    protected void folded(String summary) {
        if (console.outIsTerminal()) {
            console.printDim(console.err(), summary);
        }
    }

    /// Prints the rest of the text, and ends the line.
    public void end() {
        clearProgress();
        print(lines.finish());
        console.out().println();
    }

    private void printThinking(String text) {
        console.printFaint(text);
        if (console.out().checkError()) {
            stopped = true;
        }
    }

    private void print(String text) {
        clearCanvas();
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
