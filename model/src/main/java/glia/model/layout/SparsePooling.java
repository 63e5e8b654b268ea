package glia.model.layout;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.autograd.Value;

/// How the logits of a masked language model become one sparse vector of a text
/// ([SPLADE](https://arxiv.org/abs/2109.10086)): for each word of the vocabulary the largest, or the sum, over the
/// text's tokens of `ln(1 + max(0, logit))`.
///
/// @param isSum whether weights are summed, as in the first version, instead of the largest
/// @param isTwice whether the logarithm is taken twice: `ln(1 + ln(1 + max(0, logit)))`
public record SparsePooling(boolean isSum, boolean isTwice) {
    /// The pooling of SPLADE v2 and later.
    public static final SparsePooling MAX = new SparsePooling(false, false);

    /// Reads `1_SpladePooling/config.json` of sentence-transformers.
    ///
    /// @throws CheckpointException if it requires a pooling that is not known
    public static SparsePooling of(Config config) throws CheckpointException {
        String strategy = config.text("pooling_strategy", "max");
        String activation = config.text("activation_function", "relu");
        if (!strategy.equals("max") && !strategy.equals("sum")) {
            throw config.error("pooling_strategy", "found '" + strategy + "', expected max or sum");
        }
        if (!activation.equals("relu") && !activation.equals("log1p_relu")) {
            throw config.error("activation_function", "found '" + activation + "', expected relu or log1p_relu");
        }
        return new SparsePooling(strategy.equals("sum"), activation.equals("log1p_relu"));
    }

    /// The weight of a word for a token.
    public float weight(float logit) {
        double once = Math.log1p(Math.max(0, logit));
        return (float) (isTwice ? Math.log1p(once) : once);
    }

    /// The weight of a word for a text, given that of the tokens so far and of one more.
    public float joined(float so, float more) {
        return isSum ? so + more : Math.max(so, more);
    }

    /// One vector for each sequence, `[numSequences, V]`, with gradients.
    ///
    /// @param logits `[N, V]`, the tokens of the sequences in their order
    /// @param sequences the sequence of each row
    public Value of(Value logits, int[] sequences, int numSequences) {
        Value weights = logits.clamp(0, Float.MAX_VALUE).plus(1).log();
        weights = isTwice ? weights.plus(1).log() : weights;
        return isSum ? weights.groupSums(sequences, numSequences) : weights.groupMax(sequences, numSequences);
    }
}
