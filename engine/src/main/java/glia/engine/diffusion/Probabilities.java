package glia.engine.diffusion;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/// Probabilities and confidences of places.
final class Probabilities {
    private static final double TINY = 1e-10;

    private Probabilities() { }

    /// The softmax.
    static double[] of(double[] logits) {
        double most = Arrays.stream(logits).max().orElse(0);
        double[] p = new double[logits.length];
        double sum = 0;
        for (int v = 0; v < p.length; v++) {
            p[v] = Math.exp(logits[v] - most);
            sum += p[v];
        }
        for (int v = 0; v < p.length; v++) {
            p[v] /= sum;
        }
        return p;
    }

    /// The softmax after temperature, top-p, then top-k. The logits are overwritten.
    static double[] of(double[] logits, double temperature, double topP, int topK) {
        for (int v = 0; temperature > 0 && v < logits.length; v++) {
            logits[v] /= temperature;
        }
        if (topP < 1) {
            double[] p = of(logits);
            int[] order = descending(p);
            double before = 0;
            for (int v : order) {
                if (before > topP) {
                    logits[v] = Double.NEGATIVE_INFINITY;
                }
                before += p[v];
            }
        }
        if (topK > 0 && topK < logits.length) {
            int[] order = descending(logits);
            double least = logits[order[topK - 1]];
            for (int v : order) {
                logits[v] = logits[v] < least ? Double.NEGATIVE_INFINITY : logits[v];
            }
        }
        return of(logits);
    }

    /// The indices of all numbers, the largest first.
    private static int[] descending(double[] values) {
        return IntStream.range(0, values.length).boxed()
                .sorted(Comparator.comparingDouble(v -> -values[v])).mapToInt(Integer::intValue).toArray();
    }

    /// The indices of the largest numbers.
    static int[] largest(double[] values, int count) {
        return Arrays.copyOf(descending(values), Math.min(count, values.length));
    }

    /// The indices of all numbers, the smallest first.
    static int[] ascending(double[] values) {
        return descending(Arrays.stream(values).map(x -> -x).toArray());
    }

    /// The difference of the two largest.
    static double margin(double[] p) {
        double first = 0;
        double second = 0;
        for (double x : p) {
            second = Math.max(second, Math.min(first, x));
            first = Math.max(first, x);
        }
        return first - second;
    }

    /// `Σ p ln p`.
    static double negativeEntropy(double[] p) {
        double sum = 0;
        for (double x : p) {
            sum += x * Math.log(x + TINY);
        }
        return sum;
    }

    /// `-Σ p ln p`, in nats.
    static double entropy(double[] p) {
        double sum = 0;
        for (double x : p) {
            sum -= x == 0 ? 0 : x * Math.log(x);
        }
        return sum;
    }
}
