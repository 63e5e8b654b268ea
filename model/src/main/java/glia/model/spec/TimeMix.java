package glia.model.spec;

import java.util.List;

/// The time mixing of RWKV-4 (https://arxiv.org/abs/2305.13048), in place of attention: `out(σ(r) ⊙ wkv(k, v))` with
/// r, k and v projections of mixtures of the token and the one before it (`WeightedKeyValueScan`).
///
/// @param width D, the hidden size
/// @param size C, the channels of the recurrence
public record TimeMix(int width, int size) implements Mixer {
    public TimeMix {
        NumberRange.SIZE.require("hidden size", width);
        NumberRange.SIZE.require("channels of time mixing", size);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.add(Role.KEY_MIX, width);
        shapes.add(Role.VALUE_MIX, width);
        shapes.add(Role.GATE_MIX, width);
        shapes.add(Role.KEY, size, width);
        shapes.add(Role.VALUE, size, width);
        shapes.add(Role.GATE, size, width);
        shapes.add(Role.DECAY, size);
        shapes.add(Role.BONUS, size);
        shapes.add(Role.OUTPUT, width, size);
    }

    /// The token before, then the sums of the recurrence.
    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.Recurrence(width), new CacheKind.Recurrence(Math.multiplyExact(3, size)));
    }

    @Override
    public String describe() {
        return "RWKV time mixing, " + size + " channels";
    }
}
