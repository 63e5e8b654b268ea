package glia.model.block;

import glia.model.spec.LatentAttention;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.PerHeadLinear.Direction;
import glia.tensor.ops.row.PerHeadLinear;
import glia.tensor.ops.row.HeadWeights;

/// The matrices K_h and V_h of latent attention, which expand a latent c to a head's key `K_h c` and value `V_h c`, or
/// are absorbed into the query and the output: `q · K_h c = (K_hᵀ q) · c`.
///
/// @param absorbing from queries without RoPE to latents; the transpose of `expanding`
record LatentExpansion(HeadWeights keys, HeadWeights values, Direction absorbing, Direction expanding) {
    static LatentExpansion of(LatentAttention spec, Weights weights, Place place) {
        int heads = spec.numHeads();
        return switch (spec.expansion()) {
            case JOINED -> joined(weights.get(place, Role.EXPANSION), heads, spec.plainSize(), spec.valueSize());
            case SPLIT -> new LatentExpansion(
                    new HeadWeights(weights.get(place, Role.KEY_EXPANSION), heads, 0, spec.latentSize()),
                    new HeadWeights(weights.get(place, Role.VALUE_EXPANSION), heads, 0, spec.valueSize()),
                    Direction.FORWARD, Direction.TRANSPOSED);
        };
    }

    /// K_h and V_h of each head in one matrix.
    static LatentExpansion joined(Weight both, int heads, int plainSize, int valueSize) {
        return new LatentExpansion(new HeadWeights(both, heads, 0, plainSize),
                new HeadWeights(both, heads, plainSize, valueSize), Direction.TRANSPOSED, Direction.FORWARD);
    }

    /// `K_h c`: `[N, latent]` to `[N, H·plain]`.
    Tensor keys(Ops ops, Tensor latents) {
        return ops.apply(new PerHeadLinear(latents, keys, expanding));
    }

    /// `V_h c`: `[N, latent]` to `[N, H·value]`.
    Tensor values(Ops ops, Tensor latents) {
        return ops.apply(new PerHeadLinear(latents, values, Direction.FORWARD));
    }

    /// `K_hᵀ q_h`: `[N, H·plain]` to `[N, H·latent]`.
    Tensor absorb(Ops ops, Tensor queries) {
        return ops.apply(new PerHeadLinear(queries, keys, absorbing));
    }

    /// `V_h s_h` for each head's own sum of latents: `[N, H·latent]` to `[N, H·value]`.
    Tensor mixed(Ops ops, Tensor sums) {
        return ops.apply(new PerHeadLinear(sums, values, Direction.FORWARD));
    }
}
