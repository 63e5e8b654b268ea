package glia.engine.embedding;

import glia.model.layout.Pooling;
import glia.tensor.Tensor;

/// The vector of a text, pooled from its hidden states as they come.
final class PooledVector {
    private final Pooling pooling;
    private final boolean isNormalized;
    private final int firstPooled;
    private float[] vector;
    private long weights;

    /// @param isNormalized whether the vector is scaled to length 1
    /// @param firstPooled the first token that is pooled
    PooledVector(Pooling pooling, boolean isNormalized, int firstPooled) {
        this.pooling = pooling;
        this.isNormalized = isNormalized;
        this.firstPooled = firstPooled;
    }

    /// Adds the next token.
    ///
    /// @param hidden hidden states `[N, D]`
    /// @param row the token's
    /// @param position of the token in its text
    void add(Tensor hidden, int row, int position) {
        int size = hidden.cols();
        if (vector == null) {
            vector = new float[size];
        }
        if (pooling == Pooling.CLS ? position > 0 : pooling != Pooling.LAST && position < firstPooled) {
            return;
        }
        int weight = pooling == Pooling.WEIGHTED_MEAN ? position + 1 : 1;
        boolean isSet = weights == 0 || pooling == Pooling.LAST;
        for (int i = 0; i < size; i++) {
            float x = hidden.get((long) row * size + i);
            vector[i] = switch (pooling) {
                case CLS, LAST -> x;
                case MAX -> isSet ? x : Math.max(vector[i], x);
                case MEAN, MEAN_SQRT_LEN, WEIGHTED_MEAN -> vector[i] + weight * x;
            };
        }
        weights += weight;
    }

    /// The vector `[D]` of all tokens.
    float[] result() {
        switch (pooling) {
            case MEAN, WEIGHTED_MEAN -> scale(1f / weights);
            case MEAN_SQRT_LEN -> scale((float) (1 / Math.sqrt(weights)));
            case CLS, LAST, MAX -> { }
        }
        if (isNormalized) {
            double square = 0;
            for (float x : vector) {
                square += (double) x * x;
            }
            scale(square == 0 ? 0 : (float) (1 / Math.sqrt(square)));
        }
        return vector;
    }

    private void scale(float factor) {
        for (int i = 0; i < vector.length; i++) {
            vector[i] *= factor;
        }
    }
}
