package glia.engine.load;

import glia.io.hub.Progress;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/// Reports the progress of weight packing: nothing during the first second, then a step and about ten times a second
/// the packed bytes.
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
    private boolean isReporting;

    /// @param totalBytes the approximate number of bytes to pack
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
        if (now - start < PATIENCE_NANOS || isReporting && now - last < EVERY_NANOS) {
            return;
        }
        if (!isReporting) {
            progress.step("Packing the weights for this processor");
            isReporting = true;
        }
        progress.advance(WHAT, Math.min(doneBytes, totalBytes), totalBytes);
        last = now;
    }

    /// Reports the end.
    void end() {
        if (isReporting) {
            progress.advance(WHAT, totalBytes, totalBytes);
        }
    }
}
