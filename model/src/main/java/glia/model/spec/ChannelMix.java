package glia.model.spec;

import java.util.List;

/// The channel mixing of RWKV-4 (https://arxiv.org/abs/2305.13048), in place of an MLP: `σ(r) ⊙ down(relu(up)²)` with r
/// and up projections of mixtures of the token and the one before it.
///
/// @param width D, the hidden size
public record ChannelMix(int width, int intermediateSize) implements Mixer {
    public ChannelMix {
        NumberRange.SIZE.require("hidden size", width);
        NumberRange.SIZE.require("channel mixing width", intermediateSize);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.add(Role.KEY_MIX, width);
        shapes.add(Role.GATE_MIX, width);
        shapes.add(Role.UP, intermediateSize, width);
        shapes.add(Role.GATE, width, width);
        shapes.add(Role.DOWN, width, intermediateSize);
    }

    /// The token before.
    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.Recurrence(width));
    }

    @Override
    public String describe() {
        return "RWKV channel mixing, " + intermediateSize + " wide";
    }
}
