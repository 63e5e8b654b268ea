package glia.model.spec;

/// One step of the residual stream: `x ← residual(x, after(mixer(before(x))))`, mostly `x + after(mixer(before(x)))`.
///
/// @param layer the index of its layer in the checkpoint
public record Sublayer(int layer, Norm before, Mixer mixer, Norm after, Residual residual) {
    /// `x + mixer(before(x))`.
    public Sublayer(int layer, Norm before, Mixer mixer) {
        this(layer, before, mixer, new Norm.None(), Residual.PLAIN);
    }

    /// A copy with another residual connection.
    public Sublayer with(Residual other) {
        return new Sublayer(layer, before, mixer, after, other);
    }

    /// A copy with another mixer.
    public Sublayer withMixer(Mixer other) {
        return new Sublayer(layer, before, other, after, residual);
    }
}
