package glia.train.data;

import glia.engine.training.TokenBatch;
import java.util.Arrays;
import java.util.BitSet;

/// A sequence of which some tokens are trained on.
///
/// @param isTrained by token
public record MaskedTokens(int[] ids, BitSet isTrained) {
    /// The weights for `TokenBatch.add`: 1 for trained tokens, else 0.
    public float[] weights() {
        float[] weights = new float[ids.length];
        isTrained.stream().forEach(i -> weights[i] = 1);
        return weights;
    }

    /// The trained tokens.
    public int[] trained() {
        return isTrained.stream().map(i -> ids[i]).toArray();
    }

    void addTo(TokenBatch batch) {
        batch.add(ids, isTrained);
    }

    /// Adds the tokens before the first trained one as the source of an encoder, and the others as what its decoder
    /// predicts.
    ///
    /// @param start the token that the decoder starts with
    void addTo(TokenBatch batch, int start) {
        int first = isTrained.nextSetBit(0);
        int[] targets = Arrays.copyOfRange(ids, first, ids.length);
        int[] inputs = new int[targets.length];
        inputs[0] = start;
        System.arraycopy(targets, 0, inputs, 1, targets.length - 1);
        float[] ones = new float[targets.length];
        Arrays.fill(ones, 1);
        batch.addTargets(inputs, targets, ones).from(Arrays.copyOf(ids, first));
    }

    /// Whether a token is trained on that has one before it.
    boolean hasTargets() {
        return isTrained.nextSetBit(1) > 0;
    }

    MaskedTokens cut(int length) {
        return new MaskedTokens(Arrays.copyOf(ids, length), isTrained.get(0, length));
    }
}
