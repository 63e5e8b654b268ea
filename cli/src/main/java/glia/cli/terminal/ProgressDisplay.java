package glia.cli.terminal;

import glia.io.hub.Progress;
import java.util.function.LongSupplier;

/// Progress on standard error: a line for each step and, on a terminal that can rewrite a line, a progress bar below.
///
/// ```
/// Pulling 1 file, 98.4 MB, into …
///   model.gguf  [######---------]  43 %  42.3/98.4 MB  11.2 MB/s  5 s left
/// ```
///
/// A line has at most 79 characters, so it fits a terminal of 80 columns.
public final class ProgressDisplay implements Progress, AutoCloseable {
    private static final int BAR_CELLS = 15;
    private static final int MAX_NAME = 14;
    private static final int MAX_SECONDS = 9999;

    private final Console console;
    private final boolean bars;
    private final LongSupplier nanoTime;
    private InterruptNotice notice;
    private String current = "";
    private long startNanos;
    private long startBytes;
    private boolean drawn;

    /// @param console whose standard error is written to
    public ProgressDisplay(Console console) {
        this(console, console.errIsTerminal() && !Console.isDumb(System.getenv()), System::nanoTime);
    }

    ProgressDisplay(Console console, boolean bars, LongSupplier nanoTime) {
        this.console = console;
        this.bars = bars;
        this.nanoTime = nanoTime;
    }

    /// Arms a notice at the first progress.
    public ProgressDisplay arming(InterruptNotice other) {
        notice = other;
        return this;
    }

    private void arm() {
        if (notice != null) {
            notice.arm();
        }
    }

    @Override
    public void step(String oneLine) {
        arm();
        close();
        console.err().println(oneLine);
    }

    @Override
    public void advance(String what, long doneBytes, long totalBytes) {
        arm();
        if (!bars) {
            return;
        }
        if (!what.equals(current)) {
            close();
            current = what;
            startNanos = nanoTime.getAsLong();
            startBytes = doneBytes;
        }
        console.clearProgress();
        console.err().print(line(VisibleText.line(what), doneBytes, totalBytes));
        console.err().flush();
        drawn = true;
    }

    /// Clears the bar, so that other text can follow.
    @Override
    public void close() {
        if (drawn) {
            console.clearProgress();
            console.err().flush();
        }
        drawn = false;
        current = "";
    }

    private String line(String what, long doneBytes, long totalBytes) {
        double seconds = (nanoTime.getAsLong() - startNanos) / 1e9;
        double rate = seconds > 0 ? (doneBytes - startBytes) / seconds : 0;
        String speed = rate > 0 ? "  " + Units.bytes(Math.round(rate)) + "/s" : "";
        if (totalBytes <= 0) {
            return "  " + shortened(what) + "  " + Units.bytes(doneBytes) + speed;
        }
        int cells = (int) (BAR_CELLS * doneBytes / totalBytes);
        double secondsLeft = Math.ceil((totalBytes - doneBytes) / rate);
        String left = secondsLeft >= 1 && secondsLeft <= MAX_SECONDS ? "  " + (long) secondsLeft + " s left" : "";
        String bar = "#".repeat(cells) + "-".repeat(BAR_CELLS - cells);
        return String.format("  %s  [%s] %3d %%  %s%s%s", shortened(what), bar, 100 * doneBytes / totalBytes,
                Units.bytes(doneBytes, totalBytes), speed, left);
    }

    /// The beginning and the end of a long name.
    private static String shortened(String name) {
        int half = MAX_NAME / 2;
        return name.length() <= MAX_NAME ? name
                : name.substring(0, half) + "…" + name.substring(name.length() - half + 1);
    }
}
