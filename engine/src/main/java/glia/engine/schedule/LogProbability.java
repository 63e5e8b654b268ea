package glia.engine.schedule;

import glia.tensor.Tensor;

/// The log-probability of a token: its logit less the logarithm of the sum of all `exp(logit)`.
final class LogProbability {
    private LogProbability() { }

    /// @param logits F32 `[rows, V]`
    /// @param vocabSize logits beyond are padding
    static float of(Tensor logits, int row, int vocabSize, int token) {
        long first = (long) row * logits.cols();
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < vocabSize; i++) {
            max = Math.max(max, logits.get(first + i));
        }
        double sum = 0;
        for (int i = 0; i < vocabSize; i++) {
            sum += Math.exp(logits.get(first + i) - max);
        }
        return (float) (logits.get(first + token) - max - Math.log(sum));
    }
}
