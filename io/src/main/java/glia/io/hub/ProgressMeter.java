package glia.io.hub;

/// Counts bytes and reports them to a [Progress] at most ten times a second.
final class ProgressMeter {
    private static final long INTERVAL_NANOS = 100_000_000;

    private final Progress progress;
    private final String what;
    private final long totalBytes;
    private long doneBytes;
    private long reportedBytes = -1;
    private long reportedNanos = System.nanoTime();

    /// @param totalBytes -1 if unknown
    ProgressMeter(Progress progress, String what, long totalBytes) {
        this.progress = progress;
        this.what = what;
        this.totalBytes = totalBytes;
    }

    long totalBytes() {
        return totalBytes;
    }

    void add(long bytes) {
        at(doneBytes + bytes);
    }

    void at(long bytes) {
        doneBytes = bytes;
        if (System.nanoTime() - reportedNanos >= INTERVAL_NANOS) {
            report(totalBytes);
        }
    }

    private void report(long total) {
        reportedBytes = doneBytes;
        reportedNanos = System.nanoTime();
        progress.advance(what, doneBytes, total);
    }

    /// Reports that all bytes are done.
    void end() {
        if (reportedBytes != doneBytes || totalBytes != doneBytes) {
            report(doneBytes);
        }
    }

    /// Reports the end only if progress was reported before.
    void endIfReported() {
        if (reportedBytes >= 0) {
            end();
        }
    }

    /// Formats a size in decimal units, as disks and the hub do: `98.4 MB`.
    static String size(long bytes) {
        if (bytes < 1000) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 999.95 && unit < 5) {
            value /= 1000;
            unit++;
        }
        return String.format(java.util.Locale.ROOT, "%.1f %cB", value, "kMGTPE".charAt(unit));
    }
}
