package glia.train.data;

import glia.engine.ModelPictures;
import glia.engine.training.TokenBatch;
import glia.io.picture.Picture;
import glia.model.block.Input;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/// A sequence of which some tokens are trained on.
///
/// @param isTrained by token
/// @param pictures of the sequence, if it has some
public record MaskedTokens(int[] ids, BitSet isTrained, Optional<Pictures> pictures) {
    /// A sequence of tokens alone.
    public MaskedTokens(int[] ids, BitSet isTrained) {
        this(ids, isTrained, Optional.empty());
    }

    /// Pictures, whose pixels are decoded when a batch needs them.
    public record Pictures(List<Picture> all, ModelPictures reader) { }

    /// The sequence with the rows of its pictures.
    ///
    /// @throws glia.io.picture.PictureException if the file of a picture is not what it was
    public Input input() {
        return pictures.isEmpty() ? Input.of(ids) : Input.of(ids, pictures.get().reader.placeholder(),
                pictures.get().reader.rows(pictures.get().all));
    }

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
        batch.add(input(), isTrained);
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

    /// Whether [#cut] leaves the pictures whole.
    boolean canBeCut(int length) {
        return pictures.isEmpty() || Arrays.stream(ids, length, ids.length)
                .noneMatch(id -> id == pictures.get().reader.placeholder());
    }

    MaskedTokens cut(int length) {
        return new MaskedTokens(Arrays.copyOf(ids, length), isTrained.get(0, length), pictures);
    }
}
