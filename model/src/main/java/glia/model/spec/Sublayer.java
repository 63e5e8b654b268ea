package glia.model.spec;

/// One step of the residual stream: `x + scale · after(mixer(before(x)))`.
///
/// @param layer the layer of the checkpoint that this belongs to
public record Sublayer(int layer, Norm before, Mixer mixer, Norm after, float scale) { }
