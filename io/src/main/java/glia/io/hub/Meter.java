package glia.io.hub;

/// Counts bytes and passes them on to a [Progress], ten times a second at most.
final class Meter {
    private static final long INTERVAL_NANOS = 100_000_000;

    private final Progress progress;
    private final String what;
    private final long totalBytes;
    private long doneBytes;
    private long told = System.nanoTime() - INTERVAL_NANOS;

    /// @param totalBytes -1 where nobody knows
    Meter(Progress progress, String what, long totalBytes) {
        this.progress = progress;
        this.what = what;
        this.totalBytes = totalBytes;
    }

    void add(long bytes) {
        at(doneBytes + bytes);
    }

    void at(long bytes) {
        doneBytes = bytes;
        long now = System.nanoTime();
        if (now - told >= INTERVAL_NANOS) {
            told = now;
            progress.advance(what, doneBytes, totalBytes);
        }
    }

    /// Tells the end, at which all bytes are done.
    void end() {
        progress.advance(what, doneBytes, doneBytes);
    }

    /// A size for people, in units of 1000 bytes as disks and the hub count: `98.4 MB`.
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
