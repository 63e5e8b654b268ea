package glia.reason.preference;

import glia.engine.training.Predictions;
import glia.tensor.autograd.Value;
import glia.tensor.ops.logits.TokenLogProbs;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/// Log-probabilities of the tokens of S sequences, of which some are tokens of completions.
///
/// @param tokens the log-probability of each row's token, `[M, 1]`
/// @param sequences the sequence of each row
/// @param completion 1 for rows of completions, 0 for the others
/// @param numSequences S
/// @param logSumSquares `ln Σ_v p(v)²` of each row, `[M, 1]`, for WPO's weights
public record CompletionLogProbs(Value tokens, int[] sequences, float[] completion, int numSequences,
        Optional<Value> logSumSquares) {
    public CompletionLogProbs {
        if (sequences.length != tokens.tensor().rows() || completion.length != sequences.length) {
            throw new IllegalArgumentException(sequences.length + " sequence numbers and " + completion.length
                    + " flags for " + tokens.tensor().rows() + " tokens");
        }
    }

    /// The rows of predictions.
    ///
    /// @param completion 1 for rows of completions, 0 for the others
    /// @param wantsSquares whether WPO's weights are needed
    public static CompletionLogProbs of(Predictions p, float[] completion, boolean wantsSquares) {
        if (!wantsSquares) {
            return new CompletionLogProbs(p.logProbs(), p.batch().sequences(), completion, p.batch().numSequences(),
                    Optional.empty());
        }
        Predictions.Tokens plain = p.tokens(1, false, 0);
        // ln Σ p² = ln Σ e^(2z) - 2 ln Σ e^z
        Value squares = logSumExp(p.tokens(0.5, false, 0)).minus(logSumExp(plain).times(2)).detached();
        return new CompletionLogProbs(plain.logProbs(), p.batch().sequences(), completion, p.batch().numSequences(),
                Optional.of(squares));
    }

    private static Value logSumExp(Predictions.Tokens tokens) {
        return tokens.column(TokenLogProbs.Column.LOG_SUM_EXP);
    }

    /// Tokens of each completion.
    public int[] lengths() {
        int[] lengths = new int[numSequences];
        for (int row = 0; row < sequences.length; row++) {
            lengths[sequences[row]] += completion[row] != 0 ? 1 : 0;
        }
        return lengths;
    }

    /// The log-probability of each completion, `[S, 1]`.
    public Value sums() {
        return sums(completion);
    }

    /// Weighted sums of log-probabilities by sequence, `[S, 1]`.
    ///
    /// @param weights of the rows
    public Value sums(float[] weights) {
        return tokens.times(tokens.constant(weights)).groupSums(sequences, numSequences);
    }

    /// The mean log-probability of each completion's tokens, `[S, 1]`; 0 for an empty completion.
    public Value means() {
        int[] lengths = lengths();
        float[] weights = completion.clone();
        for (int row = 0; row < weights.length; row++) {
            weights[row] /= Math.max(1, lengths[sequences[row]]);
        }
        return sums(weights);
    }

    /// The mean cross-entropy of the tokens of the first sequences.
    ///
    /// @param count how many sequences
    /// @param withPrompts whether tokens of prompts count as well as those of completions
    public Value crossEntropy(int count, boolean withPrompts) {
        float[] weights = new float[sequences.length];
        double total = 0;
        for (int row = 0; row < weights.length; row++) {
            weights[row] = sequences[row] < count && (withPrompts || completion[row] != 0) ? 1 : 0;
            total += weights[row];
        }
        return tokens.times(tokens.constant(weights)).sum().times(-1 / Math.max(1, total));
    }

    /// Numbers from 0 to S/2: the chosen completions of pairs. The rejected ones follow in the same order.
    public int[] firstHalf() {
        if (numSequences % 2 != 0) {
            throw new IllegalArgumentException(numSequences + " sequences are no pairs");
        }
        return IntStream.range(0, numSequences / 2).toArray();
    }

    public int[] secondHalf() {
        return Arrays.stream(firstHalf()).map(i -> i + numSequences / 2).toArray();
    }
}
