package glia.lab.check;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// Counts and times of a [StructuredCheck].
public final class StructuredReport {
    private static final double NANOS_PER_MICRO = 1000;

    private final int[] counts = new int[StructuredCheck.Outcome.Kind.values().length];
    private long[] masks = new long[1 << 12];
    private int numMasks;
    private long[] firstMasks = new long[1 << 10];
    private int numFirst;

    StructuredReport() { }

    void add(StructuredCheck.Outcome.Kind kind) {
        counts[kind.ordinal()]++;
    }

    void mask(long nanos) {
        if (numMasks == masks.length) {
            masks = Arrays.copyOf(masks, 2 * numMasks);
        }
        masks[numMasks++] = nanos;
    }

    void firstMask(long nanos) {
        if (numFirst == firstMasks.length) {
            firstMasks = Arrays.copyOf(firstMasks, 2 * numFirst);
        }
        firstMasks[numFirst++] = nanos;
    }

    /// The number of schemas.
    public int schemas() {
        return Arrays.stream(counts).sum();
    }

    /// The number of schemas that are counted so.
    public int count(StructuredCheck.Outcome.Kind kind) {
        return counts[kind.ordinal()];
    }

    /// Mean and percentiles of the time of a mask, in microseconds, by name.
    public Map<String, Double> maskMicros() {
        return statistics(Arrays.copyOf(masks, numMasks));
    }

    /// The same of compiling a schema and computing the first mask.
    public Map<String, Double> firstMaskMicros() {
        return statistics(Arrays.copyOf(firstMasks, numFirst));
    }

    private static Map<String, Double> statistics(long[] values) {
        Arrays.sort(values);
        Map<String, Double> found = new LinkedHashMap<>();
        found.put("mean", Arrays.stream(values).average().orElse(0) / NANOS_PER_MICRO);
        found.put("p50", percentile(values, 0.5));
        found.put("p90", percentile(values, 0.9));
        found.put("p99", percentile(values, 0.99));
        found.put("p999", percentile(values, 0.999));
        found.put("max", percentile(values, 1));
        return found;
    }

    private static double percentile(long[] sorted, double share) {
        return sorted.length == 0 ? 0 : sorted[(int) Math.min(sorted.length - 1L,
                (long) (share * sorted.length))] / NANOS_PER_MICRO;
    }
}
