package glia.model.layout;

import glia.model.spec.Classes;
import glia.tensor.autograd.Value;

/// Poolings of hidden states as operations, which have gradients.
public final class PooledStates {
    private PooledStates() { }

    /// One vector for each sequence, `[numSequences, D]`.
    ///
    /// @param hidden `[N, D]`, the tokens of the sequences in their order
    /// @param sequences the sequence of each row, ascending
    /// @throws IllegalArgumentException if a sequence has no rows
    public static Value of(Value hidden, int[] sequences, int numSequences, Pooling pooling) {
        int[] first = new int[numSequences];
        int[] counts = new int[numSequences];
        for (int n = sequences.length - 1; n >= 0; n--) {
            first[sequences[n]] = n;
            counts[sequences[n]]++;
        }
        int[] last = new int[numSequences];
        float[] factors = new float[numSequences];
        float[] places = new float[sequences.length];
        for (int s = 0; s < numSequences; s++) {
            if (counts[s] == 0) {
                throw new IllegalArgumentException("sequence " + s + " has no tokens: there is nothing to pool");
            }
            last[s] = first[s] + counts[s] - 1;
            factors[s] = switch (pooling) {
                case MEAN_SQRT_LEN -> (float) (1 / Math.sqrt(counts[s]));
                case WEIGHTED_MEAN -> 2f / (counts[s] * (counts[s] + 1f));
                default -> 1f / counts[s];
            };
        }
        for (int n = 0; n < places.length; n++) {
            places[n] = n - first[sequences[n]] + 1;
        }
        return switch (pooling) {
            case CLS -> hidden.rows(first);
            case LAST -> hidden.rows(last);
            case MAX -> hidden.groupMax(sequences, numSequences);
            case MEAN, MEAN_SQRT_LEN ->
                    hidden.groupSums(sequences, numSequences).times(hidden.constant(factors));
            case WEIGHTED_MEAN -> hidden.times(hidden.constant(places)).groupSums(sequences, numSequences)
                    .times(hidden.constant(factors));
        };
    }

    /// The pooling of a classifier.
    public static Pooling ofClasses(Classes classes) {
        return switch (classes.pool()) {
            case FIRST -> Pooling.CLS;
            case LAST -> Pooling.LAST;
            case MEAN -> Pooling.MEAN;
        };
    }
}
