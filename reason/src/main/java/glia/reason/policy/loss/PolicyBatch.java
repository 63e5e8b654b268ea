package glia.reason.policy.loss;

import java.util.Arrays;
import java.util.Optional;

/// The constants of a policy loss on one micro-batch of rollouts. A row is a token that counts in the loss (a token of
/// the completion that the policy chose, no prompt, observation or padding). Rows are in the order of those of a
/// `TokenBatch`.
///
/// @param sequences the sequence of each row
/// @param numSequences number of sequences; a sequence may have no row, such as a masked truncated completion
/// @param advantages the advantage of each row
/// @param sequenceAdvantages the advantage of each sequence, for losses with one term a sequence
/// @param oldLogProbs log-probability of each row under the policy that the ratio is taken to; empty for the policy
///     itself (one update a batch: the ratio is 1, its gradient is not 0)
/// @param referenceLogProbs log-probability of each row under the reference model, empty without one
/// @param samplerLogProbs log-probability of each row as the sampler computed it, empty where it is the old one
/// @param correction weights for the difference between training and sampler
/// @param seed for random choices within a loss: a pure function of the run's seed and the step
/// @param choices among all tokens of the update; without them, the micro-batch is the whole update
public record PolicyBatch(int[] sequences, int numSequences, double[] advantages, double[] sequenceAdvantages,
        double[] oldLogProbs, double[] referenceLogProbs, double[] samplerLogProbs, ImportanceWeights correction,
        long seed, Optional<StepChoices> choices) {
    private static final double[] NONE = {};

    /// @throws IllegalArgumentException if an array has another length than the rows, or a sequence does not exist
    public PolicyBatch {
        int rows = sequences.length;
        require("advantages", advantages.length, rows);
        require("sequenceAdvantages", sequenceAdvantages.length, numSequences);
        requireOptional("oldLogProbs", oldLogProbs, rows);
        requireOptional("referenceLogProbs", referenceLogProbs, rows);
        requireOptional("samplerLogProbs", samplerLogProbs, rows);
        if (!correction.isNone()) {
            require("correction", correction.weights().length, correction.isPerSequence() ? numSequences : rows);
        }
        for (int n = 0; n < rows; n++) {
            if (sequences[n] < 0 || sequences[n] >= numSequences) {
                throw new IllegalArgumentException("sequences[" + n + "]: found " + sequences[n] + ", expected 0 to "
                        + (numSequences - 1));
            }
        }
    }

    private static void requireOptional(String name, double[] numbers, int rows) {
        if (numbers.length > 0) {
            require(name, numbers.length, rows);
        }
    }

    private static void require(String name, int found, int expected) {
        if (found != expected) {
            throw new IllegalArgumentException(name + ": found " + found + " numbers, expected " + expected);
        }
    }

    /// A batch with one advantage for each sequence, on-policy and without a reference model.
    public static PolicyBatch ofSequences(int[] sequences, double[] sequenceAdvantages) {
        double[] rows = new double[sequences.length];
        for (int n = 0; n < rows.length; n++) {
            rows[n] = sequenceAdvantages[sequences[n]];
        }
        return new PolicyBatch(sequences, sequenceAdvantages.length, rows, sequenceAdvantages, NONE, NONE, NONE,
                ImportanceWeights.NONE, 0, Optional.empty());
    }

    /// A batch with one advantage for each row, on-policy and without a reference model. The advantage of a sequence
    /// is the mean of its rows, 0 without rows.
    public static PolicyBatch ofRows(int[] sequences, int numSequences, double[] advantages) {
        double[] means = new double[numSequences];
        int[] counts = new int[numSequences];
        for (int n = 0; n < sequences.length; n++) {
            means[sequences[n]] += advantages[n];
            counts[sequences[n]]++;
        }
        for (int s = 0; s < numSequences; s++) {
            means[s] /= Math.max(1, counts[s]);
        }
        return new PolicyBatch(sequences, numSequences, advantages, means, NONE, NONE, NONE, ImportanceWeights.NONE, 0,
                Optional.empty());
    }

    /// The same batch with the log-probabilities of the old policy.
    public PolicyBatch withOld(double... logProbs) {
        return new PolicyBatch(sequences, numSequences, advantages, sequenceAdvantages, logProbs, referenceLogProbs,
                samplerLogProbs, correction, seed, choices);
    }

    /// The same batch with the log-probabilities of the reference model.
    public PolicyBatch withReference(double... logProbs) {
        return new PolicyBatch(sequences, numSequences, advantages, sequenceAdvantages, oldLogProbs, logProbs,
                samplerLogProbs, correction, seed, choices);
    }

    /// The same batch with the log-probabilities that the sampler computed.
    public PolicyBatch withSampler(double... logProbs) {
        return new PolicyBatch(sequences, numSequences, advantages, sequenceAdvantages, oldLogProbs,
                referenceLogProbs, logProbs, correction, seed, choices);
    }

    /// The same batch with importance weights, by which the loss of each row is multiplied.
    public PolicyBatch withCorrection(ImportanceWeights weights) {
        return new PolicyBatch(sequences, numSequences, advantages, sequenceAdvantages, oldLogProbs,
                referenceLogProbs, samplerLogProbs, weights, seed, choices);
    }

    /// The same batch with a seed for random choices.
    public PolicyBatch withSeed(long number) {
        return new PolicyBatch(sequences, numSequences, advantages, sequenceAdvantages, oldLogProbs,
                referenceLogProbs, samplerLogProbs, correction, number, choices);
    }

    /// The same batch with choices among all tokens of the update.
    public PolicyBatch withChoices(StepChoices made) {
        return new PolicyBatch(sequences, numSequences, advantages, sequenceAdvantages, oldLogProbs,
                referenceLogProbs, samplerLogProbs, correction, seed, Optional.of(made));
    }

    /// Whether tokens of a sequence have different advantages.
    public boolean hasTokenAdvantages() {
        for (int n = 0; n < sequences.length; n++) {
            if (advantages[n] != sequenceAdvantages[sequences[n]]) {
                return true;
            }
        }
        return false;
    }

    /// The number of rows.
    public int numRows() {
        return sequences.length;
    }

    /// The number of rows of each sequence.
    public int[] lengths() {
        int[] lengths = new int[numSequences];
        for (int s : sequences) {
            lengths[s]++;
        }
        return lengths;
    }

    /// The number of sequences that have a row.
    public int numNonEmpty() {
        return (int) Arrays.stream(lengths()).filter(length -> length > 0).count();
    }

    /// Sums of rows by sequence.
    public double[] sequenceSums(double[] rows) {
        double[] sums = new double[numSequences];
        for (int n = 0; n < rows.length; n++) {
            sums[sequences[n]] += rows[n];
        }
        return sums;
    }

    /// Means of rows by sequence, 0 for a sequence without rows.
    public double[] sequenceMeans(double[] rows) {
        double[] means = sequenceSums(rows);
        int[] lengths = lengths();
        for (int s = 0; s < means.length; s++) {
            means[s] /= Math.max(1, lengths[s]);
        }
        return means;
    }
}
