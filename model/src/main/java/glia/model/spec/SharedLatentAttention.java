package glia.model.spec;

import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Latent attention (see `LatentAttention`) with learned factors of the RoPE frequencies, which all layers share, a
/// learned query factor of each head by position, layers without RoPE, and latents that some layers take from an
/// earlier one instead of computing their own. The indexer reads the normed input of the layer.
/// `glia.tensor.ops.row` has the formulas: `ScaledRotation`, `PositionScale`.
///
/// @param latentSize the size of a latent (`kv_lora_rank`)
/// @param plainSize dimensions of a query head without RoPE
/// @param valueSize size of a value head
/// @param rope RoPE of the other query dimensions and of the key that all heads share; `None` if there are none
/// @param eps epsilon of the norm of latents
/// @param bias whether the projections of latents and of the output have biases
/// @param followed the layer whose latents this one uses, if it has none of its own
public record SharedLatentAttention(int numHeads, int latentSize, int plainSize, int valueSize, float scale, Rope rope,
        float eps, Bias bias, KeyChoice keys, Optional<Place> followed) implements Mixer {
    private static final Span SPAN = new Span.Causal();

    public SharedLatentAttention {
        int rotated = rope instanceof Rope.Rotary r ? r.rotatedSize() : 0;
        if (numHeads < 1 || latentSize < 1 || plainSize < 1 || valueSize < 1
                || (long) numHeads * (latentSize + plainSize + valueSize + rotated) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("latent attention with " + numHeads + " heads of " + plainSize + " + "
                    + rotated + " and values of " + valueSize + ", latents of " + latentSize);
        }
        if (keys instanceof KeyChoice.Indexed indexed && indexed.headSize() < rotated) {
            throw new IllegalArgumentException("an indexer needs heads of at least the " + rotated
                    + " numbers that are rotated, not of " + indexed.headSize());
        }
        NumberRange.FACTOR.require("attention scale", scale);
        NumberRange.EPSILON.require("epsilon of the norm of latents", eps);
    }

    /// The dimensions of a head that rotate.
    public int rotatedSize() {
        return rope instanceof Rope.Rotary r ? r.rotatedSize() : 0;
    }

    /// Size of a query head.
    public int querySize() {
        return plainSize + rotatedSize();
    }

    /// Width of a cache row.
    public int rowSize() {
        return latentSize + rotatedSize();
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        boolean biased = bias != Bias.NONE;
        shapes.add(Role.QUERY, (long) numHeads * querySize(), hidden);
        shapes.add(Role.POSITION_SCALE, numHeads);
        shapes.add(Role.POSITION_OFFSET, numHeads);
        if (followed.isEmpty()) {
            shapes.linear(Role.LATENT, Role.LATENT_BIAS, biased, rowSize(), hidden);
            shapes.add(Role.LATENT_NORM, latentSize);
        }
        shapes.add(Role.EXPANSION, (long) numHeads * (plainSize + valueSize), latentSize);
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, biased, hidden, (long) numHeads * valueSize);
        if (keys instanceof KeyChoice.Indexed indexed) {
            shapes.add(Role.INDEX_QUERY_NORM_WEIGHT, hidden);
            shapes.add(Role.INDEX_QUERY_NORM_BIAS, hidden);
            shapes.add(Role.INDEX_QUERY, (long) indexed.numHeads() * indexed.headSize(), hidden);
            shapes.add(Role.INDEX_POSITION_SCALE, indexed.numHeads());
            shapes.add(Role.INDEX_POSITION_OFFSET, indexed.numHeads());
            shapes.add(Role.INDEX_KEY, indexed.headSize(), hidden);
            shapes.add(Role.INDEX_KEY_NORM_WEIGHT, indexed.headSize());
            shapes.add(Role.INDEX_KEY_NORM_BIAS, indexed.headSize());
            shapes.add(Role.INDEX_WEIGHTS, indexed.numHeads(), hidden);
        }
    }

    /// The factors of the frequencies, which all layers of a model share.
    static void shared(List<Sublayer> sublayers, Shapes shapes) {
        sublayers.stream().map(Sublayer::mixer)
                .filter(m -> m instanceof SharedLatentAttention a && a.rotatedSize() > 0).findFirst()
                .ifPresent(m -> shapes.add(Role.ROPE_SCALE, ((SharedLatentAttention) m).rotatedSize() / 2));
    }

    /// The latent row, unless it is another layer's, then the indexer's key.
    @Override
    public List<CacheKind> caches() {
        List<CacheKind> all = new ArrayList<>();
        if (followed.isEmpty()) {
            all.add(new CacheKind.Rows(rowSize(), SPAN));
        }
        if (keys instanceof KeyChoice.Indexed indexed) {
            all.add(new CacheKind.Rows(indexed.headSize(), SPAN));
        }
        return all;
    }

    @Override
    public String describe() {
        return "latent attention, " + numHeads + " heads of " + plainSize + " + " + rotatedSize() + ", latents of "
                + latentSize + followed.map(place -> " of " + place).orElse("") + ", " + KeyChoice.words(keys)
                + ", " + Labels.of(rope);
    }
}
