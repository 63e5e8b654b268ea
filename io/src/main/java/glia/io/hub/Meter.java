package glia.io.hub;

/// Counts bytes and passes them on to a [Progress], ten times a second at most.
final class Meter {
    private static final long INTERVAL_NANOS = 100_000_000;

    private final Progress progress;
    private final String what;
    private final long totalBytes;
    private long doneBytes;
    private long toldBytes = -1;
    private long toldNanos = System.nanoTime();

    /// @param totalBytes -1 where nobody knows
    Meter(Progress progress, String what, long totalBytes) {
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
        if (System.nanoTime() - toldNanos >= INTERVAL_NANOS) {
            tell(totalBytes);
        }
    }

    private void tell(long total) {
        toldBytes = doneBytes;
        toldNanos = System.nanoTime();
        progress.advance(what, doneBytes, total);
    }

    /// Tells the end, at which all bytes are done.
    void end() {
        if (toldBytes != doneBytes || totalBytes != doneBytes) {
            tell(doneBytes);
        }
    }

    /// Tells the end of what took long enough to be told of.
    void endIfTold() {
        if (toldBytes >= 0) {
            end();
        }
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
