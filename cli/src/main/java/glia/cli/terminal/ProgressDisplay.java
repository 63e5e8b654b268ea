package glia.cli.terminal;

import glia.io.hub.Progress;
import java.util.function.LongSupplier;

/// Shows progress on standard error: each step in a line of its own and, on a terminal that can rewrite a line, a bar
/// that grows under it.
///
/// ```
/// Pulling 1 file, 98.4 MB, into …
///   model.gguf  [#############-----------------]  43 %  42.3 MB of 98.4 MB  11.2 MB/s  5 s left
/// ```
public final class ProgressDisplay implements Progress, AutoCloseable {
    private static final int BAR_CELLS = 30;
    private static final int MAX_NAME = 24;
    private static final String CLEAR_LINE = "\r\033[K";

    private final Console console;
    private final boolean bars;
    private final LongSupplier nanoTime;
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

    @Override
    public void step(String oneLine) {
        close();
        console.err().println(oneLine);
    }

    @Override
    public void advance(String what, long doneBytes, long totalBytes) {
        if (!bars) {
            return;
        }
        if (!what.equals(current)) {
            close();
            current = what;
            startNanos = nanoTime.getAsLong();
            startBytes = doneBytes;
        }
        console.err().print(CLEAR_LINE + line(what, doneBytes, totalBytes));
        console.err().flush();
        drawn = true;
    }

    /// Takes the bar away, so that other words can follow.
    @Override
    public void close() {
        if (drawn) {
            console.err().print(CLEAR_LINE);
            console.err().flush();
        }
        drawn = false;
        current = "";
    }

    private String line(String what, long doneBytes, long totalBytes) {
        String name = what.length() <= MAX_NAME ? what : "…" + what.substring(what.length() - MAX_NAME + 1);
        double seconds = (nanoTime.getAsLong() - startNanos) / 1e9;
        double rate = seconds > 0 ? (doneBytes - startBytes) / seconds : 0;
        String speed = rate > 0 ? "  " + Units.bytes(Math.round(rate)) + "/s" : "";
        if (totalBytes <= 0) {
            return "  " + name + "  " + Units.bytes(doneBytes) + speed;
        }
        int cells = (int) (BAR_CELLS * doneBytes / totalBytes);
        String left = rate > 0 && doneBytes < totalBytes
                ? "  " + Units.seconds(Math.ceil((totalBytes - doneBytes) / rate)).replace(".0", "") + " left" : "";
        String bar = "#".repeat(cells) + "-".repeat(BAR_CELLS - cells);
        return String.format("  %s  [%s] %3d %%  %s of %s%s%s", name, bar, 100 * doneBytes / totalBytes,
                Units.bytes(doneBytes), Units.bytes(totalBytes), speed, left);
    }
}
