package glia.train.loss;

import glia.tensor.autograd.Value;

/// Losses of the scores of a classifier, one row for each text.
public final class ClassificationLoss {
    private ClassificationLoss() { }

    /// Cross-entropy with one class for each text, the mean over the texts.
    ///
    /// @param scores `[N, C]`
    /// @param classes the class of each text
    /// @param labelSmoothing the share of the uniform distribution in the targets
    /// @throws IllegalArgumentException if there is not one class for each text, or a class does not exist
    public static Value oneOf(Value scores, int[] classes, double labelSmoothing) {
        requireOneEach(scores, classes.length);
        if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
            throw new IllegalArgumentException("label smoothing of " + labelSmoothing + ", expected 0 to below 1");
        }
        Value logProbs = scores.logSoftmax();
        Value loss = logProbs.pick(classes).mean().times(labelSmoothing - 1);
        return labelSmoothing == 0 ? loss : loss.plus(logProbs.mean().times(-labelSmoothing));
    }

    /// Binary cross-entropy where each text has any number of classes, the mean over texts and classes.
    ///
    /// @param scores `[N, C]`
    /// @param belongs whether a text has a class, `[N][C]`
    /// @throws IllegalArgumentException if the sizes differ
    public static Value anyOf(Value scores, boolean[][] belongs) {
        requireOneEach(scores, belongs.length);
        Value sum = null;
        for (int c = 0; c < scores.tensor().cols(); c++) {
            float[] signs = new float[belongs.length];
            for (int n = 0; n < signs.length; n++) {
                if (belongs[n].length != scores.tensor().cols()) {
                    throw new IllegalArgumentException("text " + n + " has " + belongs[n].length
                            + " flags, expected one for each of " + scores.tensor().cols() + " classes");
                }
                signs[n] = belongs[n][c] ? 1 : -1;
            }
            Value ofClass = scores.column(c).times(scores.constant(signs)).logSigmoid().sum();
            sum = sum == null ? ofClass : sum.plus(ofClass);
        }
        return sum.times(-1.0 / scores.tensor().size());
    }

    private static void requireOneEach(Value scores, int count) {
        if (count != scores.tensor().rows()) {
            throw new IllegalArgumentException(count + " labels for " + scores.tensor().rows() + " texts");
        }
    }
}
