package glia.engine;

import glia.io.hub.Progress;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/// Tells how far kernels are that convert a model's weights when it is loaded: nothing where that is done within a
/// second, else a step, and the bytes that are done about ten times a second.
final class PackingProgress implements LongConsumer {
    private static final long PATIENCE_NANOS = 1_000_000_000;
    private static final long EVERY_NANOS = 100_000_000;
    private static final String WHAT = "weights";

    private final Progress progress;
    private final long totalBytes;
    private final LongSupplier nanoTime;
    private final long start;
    private long last;
    private long doneBytes;
    private boolean told;

    /// @param totalBytes about how many bytes there are to convert
    PackingProgress(Progress progress, long totalBytes, LongSupplier nanoTime) {
        this.progress = progress;
        this.totalBytes = totalBytes;
        this.nanoTime = nanoTime;
        start = nanoTime.getAsLong();
    }

    @Override
    public void accept(long bytes) {
        doneBytes += bytes;
        long now = nanoTime.getAsLong();
        if (now - start < PATIENCE_NANOS || told && now - last < EVERY_NANOS) {
            return;
        }
        if (!told) {
            progress.step("Packing the weights for this processor");
            told = true;
        }
        progress.advance(WHAT, Math.min(doneBytes, totalBytes), totalBytes);
        last = now;
    }

    /// All is done.
    void end() {
        if (told) {
            progress.advance(WHAT, totalBytes, totalBytes);
        }
    }
}
