package glia.serve.load;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/// Collects what clients measure. For any thread; the memory does not depend on the number of requests.
final class LoadRecorder {
    private static final int MOST_CHARACTERS = 300;
    private static final long MOST_MICROS = 3_600_000_000L;

    private final long start = System.nanoTime();
    private final Histogram firstToken = histogram();
    private final Histogram betweenTokens = histogram();
    private final Histogram whole = histogram();
    private final Map<String, Long> errors = new TreeMap<>();
    private final Map<String, String> messages = new TreeMap<>();
    private long complete;
    private long left;
    private long refused;
    private long tokens;
    private long[] perSecond = new long[64];
    private int numSeconds;

    private static Histogram histogram() {
        return new ConcurrentHistogram(1, MOST_MICROS, 3);
    }

    private static void add(Histogram to, long nanos) {
        to.recordValue(Math.clamp(nanos / 1000, 1, MOST_MICROS));
    }

    void firstToken(long nanos) {
        add(firstToken, nanos);
    }

    void betweenTokens(long nanos) {
        add(betweenTokens, nanos);
    }

    /// An answer that came as a whole.
    synchronized void complete(long nanos) {
        add(whole, nanos);
        complete++;
    }

    /// An answer whose client went away.
    synchronized void left() {
        left++;
    }

    /// A hostile request that was refused.
    synchronized void refused() {
        refused++;
    }

    synchronized void error(String kind) {
        errors.merge(kind, 1L, Long::sum);
    }

    /// An error with what the server said; the first message of each kind is kept.
    synchronized void error(String kind, String message) {
        error(kind);
        String line = message.strip().replaceAll("\\s+", " ");
        if (!line.isEmpty()) {
            messages.putIfAbsent(kind, line.length() > MOST_CHARACTERS ? line.substring(0, MOST_CHARACTERS) + "…"
                    : line);
        }
    }

    /// Tokens that have come.
    synchronized void tokens(long count) {
        tokens += count;
        int second = (int) ((System.nanoTime() - start) / 1_000_000_000);
        if (second >= perSecond.length) {
            perSecond = Arrays.copyOf(perSecond, Math.max(2 * perSecond.length, second + 1));
        }
        perSecond[second] += count;
        numSeconds = Math.max(numSeconds, second + 1);
    }

    /// Corrects the number of tokens, where pieces were counted for want of a better number.
    synchronized void correctTokens(long by) {
        tokens += by;
    }

    synchronized LoadResult result() {
        long numErrors = errors.values().stream().mapToLong(Long::longValue).sum();
        return new LoadResult((System.nanoTime() - start) / 1e9, complete + left + refused + numErrors, complete, left,
                refused, tokens, new TreeMap<>(errors), new TreeMap<>(messages), latency(firstToken),
                latency(betweenTokens), latency(whole), Arrays.copyOf(perSecond, numSeconds));
    }

    private static LoadResult.Latency latency(Histogram h) {
        return h.getTotalCount() == 0 ? new LoadResult.Latency(0, 0, 0, 0, 0)
                : new LoadResult.Latency(h.getTotalCount(), h.getValueAtPercentile(50) / 1e6,
                h.getValueAtPercentile(95) / 1e6, h.getValueAtPercentile(99) / 1e6, h.getMaxValue() / 1e6);
    }
}
