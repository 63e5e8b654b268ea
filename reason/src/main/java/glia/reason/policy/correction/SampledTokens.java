package glia.reason.policy.correction;

import java.util.Arrays;
import java.util.stream.IntStream;

/// The log-probabilities of tokens under the policy as training computes it and as the sampler did.
///
/// @param sequences the sequence of each row
/// @param numSequences number of sequences, some of which may have no row
/// @param training log-probability of each row under the policy
/// @param sampler the same as the sampler computed it
public record SampledTokens(int[] sequences, int numSequences, double[] training, double[] sampler) {
    static final double LARGEST_LOG = 20;

    /// @throws IllegalArgumentException if there is not one of each for each row
    public SampledTokens {
        if (training.length != sequences.length || sampler.length != sequences.length) {
            throw new IllegalArgumentException("found " + training.length + " and " + sampler.length
                    + " log-probabilities, expected " + sequences.length + " of both");
        }
    }

    /// The tokens of sequences.
    ///
    /// @param training log-probabilities by sequence and token
    /// @param sampler the same as the sampler computed them
    public static SampledTokens of(double[][] training, double[][] sampler) {
        int[] sequences = IntStream.range(0, training.length)
                .flatMap(s -> IntStream.generate(() -> s).limit(training[s].length)).toArray();
        return new SampledTokens(sequences, training.length, flat(training), flat(sampler));
    }

    private static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    /// `training - sampler` of each row.
    double[] logRatios() {
        double[] d = new double[training.length];
        for (int n = 0; n < d.length; n++) {
            d[n] = training[n] - sampler[n];
        }
        return d;
    }

    /// Sums of rows by sequence.
    double[] sums(double... rows) {
        double[] sums = new double[numSequences];
        for (int n = 0; n < rows.length; n++) {
            sums[sequences[n]] += rows[n];
        }
        return sums;
    }

    /// Means of rows by sequence, 0 without rows.
    double[] means(double... rows) {
        double[] means = sums(rows);
        int[] lengths = lengths();
        for (int s = 0; s < means.length; s++) {
            means[s] /= Math.max(1, lengths[s]);
        }
        return means;
    }

    /// The number of rows of each sequence.
    int[] lengths() {
        int[] lengths = new int[numSequences];
        for (int s : sequences) {
            lengths[s]++;
        }
        return lengths;
    }

    /// The number of sequences with rows.
    int numNonEmpty() {
        int count = 0;
        for (int length : lengths()) {
            count += length > 0 ? 1 : 0;
        }
        return count;
    }

    static double clamped(double log) {
        return Math.clamp(log, -LARGEST_LOG, LARGEST_LOG);
    }
}
