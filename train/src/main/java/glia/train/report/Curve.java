package glia.train.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A figure over the steps of a run, in bounded memory: values are collected in at most 999 buckets of equally many
/// values, of which each keeps minimum, maximum and mean. When all are full, neighbors are merged.
final class Curve {
    /// Points that a curve is drawn with: two of each bucket, and the last value.
    static final int MAX_POINTS = 2000;
    private static final int MAX_BUCKETS = (MAX_POINTS - 1) / 2;

    private final String name;
    private final List<Bucket> buckets = new ArrayList<>();
    private int width = 1;
    private long lastStep = Long.MIN_VALUE;
    private double last = Double.NaN;
    private long notFinite;
    private long firstNotFinite;

    Curve(String name) {
        this.name = name;
    }

    private static final class Bucket {
        private final long firstStep;
        private long lastStep;
        private long minStep;
        private long maxStep;
        private double min = Double.POSITIVE_INFINITY;
        private double max = Double.NEGATIVE_INFINITY;
        private double sum;
        private int finite;
        private int count;

        Bucket(long step) {
            firstStep = step;
        }

        void add(long step, double value) {
            count++;
            lastStep = step;
            if (!Double.isFinite(value)) {
                return;
            }
            finite++;
            sum += value;
            if (value < min) {
                min = value;
                minStep = step;
            }
            if (value > max) {
                max = value;
                maxStep = step;
            }
        }

        void add(Bucket next) {
            if (next.min < min) {
                min = next.min;
                minStep = next.minStep;
            }
            if (next.max > max) {
                max = next.max;
                maxStep = next.maxStep;
            }
            lastStep = next.lastStep;
            sum += next.sum;
            finite += next.finite;
            count += next.count;
        }
    }

    /// Adds a value. A step that is not after the last one means that the run was rolled back: what it had after that
    /// step is dropped.
    void add(long step, double value) {
        if (step <= lastStep) {
            buckets.removeIf(b -> b.firstStep >= step);
        }
        lastStep = step;
        last = value;
        if (!Double.isFinite(value) && notFinite++ == 0) {
            firstNotFinite = step;
        }
        if (buckets.isEmpty() || buckets.getLast().count >= width) {
            if (buckets.size() == MAX_BUCKETS) {
                merge();
            }
            if (buckets.isEmpty() || buckets.getLast().count >= width) {
                buckets.add(new Bucket(step));
            }
        }
        buckets.getLast().add(step, value);
    }

    private void merge() {
        List<Bucket> merged = new ArrayList<>();
        for (int i = 0; i < buckets.size(); i += 2) {
            Bucket bucket = buckets.get(i);
            if (i + 1 < buckets.size()) {
                bucket.add(buckets.get(i + 1));
            }
            merged.add(bucket);
        }
        buckets.clear();
        buckets.addAll(merged);
        width *= 2;
    }

    /// The curve for a page: `x`, `y` the points, null where all values of a bucket are not finite; `mx`, `my` the
    /// means.
    Map<String, Object> page() {
        List<Long> steps = new ArrayList<>();
        List<Double> values = new ArrayList<>();
        for (Bucket b : buckets) {
            if (b.finite == 0) {
                steps.add(b.firstStep);
                values.add(Double.NaN);
                continue;
            }
            boolean minFirst = b.minStep <= b.maxStep;
            steps.add(minFirst ? b.minStep : b.maxStep);
            values.add(minFirst ? b.min : b.max);
            if (b.minStep != b.maxStep) {
                steps.add(minFirst ? b.maxStep : b.minStep);
                values.add(minFirst ? b.max : b.min);
            }
        }
        if (!steps.isEmpty() && lastStep > steps.getLast()) {
            steps.add(lastStep);
            values.add(last);
        }
        return PageJson.object("name", name, "x", steps, "y", values,
                "mx", buckets.stream().map(b -> (b.firstStep + b.lastStep) / 2).toList(),
                "my", buckets.stream().map(b -> b.finite == 0 ? Double.NaN : b.sum / b.finite).toList(),
                "last", last, "notFinite", notFinite, "firstNotFinite", firstNotFinite);
    }
}
