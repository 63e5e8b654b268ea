package glia.reason.policy;

import glia.reason.rollout.RolloutColumns;

/// How the losses of tokens become the loss of a step: a weighted sum with a constant weight for each token, y is the
/// number of tokens of its sequence.
///
/// | aggregation | weight of a token |
/// |---|---|
/// | [TokenMean] | 1 / tokens of the step |
/// | [TokenSum] | 1 |
/// | [SequenceMean] of sums | 1 / sequences |
/// | [SequenceMean] of means | 1 / (y · sequences) |
/// | [SequenceMean] of sums by a fixed length | 1 / (length · sequences) |
public sealed interface Aggregation {
    /// Whether sequences without tokens count in means over sequences.
    default boolean countsEmpty() {
        return true;
    }

    /// The weight of each row.
    default double[] weights(RolloutColumns batch, Totals totals) {
        int[] lengths = batch.lengths();
        double[] weights = new double[batch.numRows()];
        for (int n = 0; n < weights.length; n++) {
            weights[n] = weight(lengths[batch.sequences()[n]], totals);
        }
        return weights;
    }

    /// The weight of a token.
    ///
    /// @param length number of tokens of its sequence, at least 1
    double weight(int length, Totals totals);

    /// The mean over all tokens (DAPO, https://arxiv.org/abs/2503.14476): each token has the same weight.
    record TokenMean() implements Aggregation {
        @Override
        public double weight(int length, Totals totals) {
            return 1 / totals.tokens();
        }
    }

    /// The sum over all tokens.
    record TokenSum() implements Aggregation {
        @Override
        public double weight(int length, Totals totals) {
            return 1;
        }
    }

    /// What a sequence contributes to a mean over sequences.
    enum Within {
        /// The sum of its tokens: long sequences weigh more (LUSPO).
        SUM,
        /// The mean of its tokens: each sequence has the same weight (GRPO, https://arxiv.org/abs/2402.03300).
        MEAN,
        /// The sum of its tokens, divided by a fixed length (Dr. GRPO, https://arxiv.org/abs/2503.20783).
        FIXED_LENGTH
    }

    /// A mean over sequences.
    ///
    /// @param length the divisor of `FIXED_LENGTH`, else unused
    /// @param countsEmpty whether sequences without tokens count: TRL counts them, verl does not
    record SequenceMean(Within within, double length, boolean countsEmpty) implements Aggregation {
        /// @throws IllegalArgumentException if a fixed length is not positive
        public SequenceMean {
            if (within == Within.FIXED_LENGTH && !(length > 0)) {
                throw new IllegalArgumentException("length: found " + length + ", expected a positive number");
            }
        }

        /// The mean of the means of sequences, where those without tokens count.
        public static SequenceMean ofMeans() {
            return new SequenceMean(Within.MEAN, 0, true);
        }

        /// The mean of the sums of sequences, where those without tokens count.
        public static SequenceMean ofSums() {
            return new SequenceMean(Within.SUM, 0, true);
        }

        /// The mean of sums divided by a fixed length, where sequences without tokens count.
        public static SequenceMean byLength(double length) {
            return new SequenceMean(Within.FIXED_LENGTH, length, true);
        }

        @Override
        public double weight(int tokens, Totals totals) {
            double share = 1 / totals.sequences();
            return switch (within) {
                case SUM -> share;
                case MEAN -> share / tokens;
                case FIXED_LENGTH -> share / length;
            };
        }
    }

    /// What means are divided by: the tokens and sequences of a whole step, of which a micro-batch is a part. The
    /// losses of micro-batches then add up to the loss of the step, however it is divided.
    ///
    /// @param tokens rows of the loss
    /// @param sequences sequences that count in means over sequences
    record Totals(double tokens, double sequences) {
        /// The totals of a step that has only this batch.
        public static Totals of(RolloutColumns batch, Aggregation aggregation) {
            return new Totals(batch.numRows(), aggregation.countsEmpty() ? batch.numSequences() : batch.numNonEmpty());
        }

        /// Both together.
        public Totals plus(Totals other) {
            return new Totals(tokens + other.tokens, sequences + other.sequences);
        }

        /// Each number times a factor.
        public Totals times(double factor) {
            return new Totals(tokens * factor, sequences * factor);
        }
    }
}
