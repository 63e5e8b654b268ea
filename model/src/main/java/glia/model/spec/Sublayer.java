package glia.model.spec;

import java.util.OptionalInt;

/// One step of the residual stream: `x ← residual(x, after(mixer(before(x))))`, mostly `x + after(mixer(before(x)))`.
///
/// @param layer the index of its layer in the checkpoint
/// @param sharedWith the index of the earlier sublayer whose parameters this one uses, if it has none of its own:
///     layers that share weights, as in ALBERT. https://arxiv.org/abs/1909.11942
public record Sublayer(int layer, Norm before, Mixer mixer, Norm after, Residual residual, OptionalInt sharedWith) {
    /// A sublayer with its own parameters.
    public Sublayer(int layer, Norm before, Mixer mixer, Norm after, Residual residual) {
        this(layer, before, mixer, after, residual, OptionalInt.empty());
    }

    /// `x + mixer(before(x))`.
    public Sublayer(int layer, Norm before, Mixer mixer) {
        this(layer, before, mixer, new Norm.None(), Residual.PLAIN);
    }

    /// `norm(x + mixer(x))`, post-norm. https://arxiv.org/abs/1706.03762
    public static Sublayer postNorm(int layer, Mixer mixer, Norm norm) {
        return new Sublayer(layer, new Norm.None(), mixer, new Norm.None(), new Residual.PostNorm(norm));
    }

    /// A copy with another residual connection.
    public Sublayer with(Residual other) {
        return new Sublayer(layer, before, mixer, after, other, sharedWith);
    }

    /// A copy with another mixer.
    public Sublayer withMixer(Mixer other) {
        return new Sublayer(layer, before, other, after, residual, sharedWith);
    }

    /// A copy with other norms.
    Sublayer withNorms(Norm otherBefore, Norm otherAfter) {
        return new Sublayer(layer, otherBefore, mixer, otherAfter, residual, sharedWith);
    }

    /// A copy that uses the parameters of an earlier sublayer.
    public Sublayer sharing(int earlier) {
        return new Sublayer(layer, before, mixer, after, residual, OptionalInt.of(earlier));
    }
}
