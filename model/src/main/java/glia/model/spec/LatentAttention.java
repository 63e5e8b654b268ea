package glia.model.spec;

import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// Multi-head latent attention, MLA (https://arxiv.org/abs/2405.04434). The cache holds one row per token: a latent c,
/// from which the keys and values of all heads are expanded, and a key with RoPE that all heads share. The score of
/// head h is `scale · (plain_h · K_h c + rotated_h · key)`, its value `V_h c`.
///
/// @param queries the query projection
/// @param latentSize the size of c (`kv_lora_rank`)
/// @param plainSize dimensions of a query head without RoPE (`qk_nope_head_dim`)
/// @param valueSize size of a value head (`v_head_dim`)
/// @param rope RoPE of the other query dimensions and of the shared key
/// @param bias whether the latent projections and the output have biases
public record LatentAttention(int numHeads, Queries queries, int latentSize, int plainSize, int valueSize, float scale,
        Rope.Rotary rope, Bias bias, Expansion expansion, KeyChoice keys, Temperature temperature) implements Mixer {
    private static final Span SPAN = new Span.Causal();
    /// The norm of latents. Its epsilon is fixed, whatever the config has.
    public static final Norm.Rms LATENT_NORM = new Norm.Rms(1e-6f, 0);

    /// The query projection.
    public sealed interface Queries {
        /// One matrix.
        record Direct() implements Queries { }

        /// Two low-rank matrices with a norm between (`q_lora_rank`).
        record LowRank(int rank) implements Queries { }
    }

    /// Storage of K and V, which expand latents to keys and values.
    public enum Expansion {
        /// One matrix, for each head K_h and then V_h, `[H·(plain + value), latent]`.
        JOINED,
        /// Two tensors: K transposed, `[H, latent, plain]`, and V, `[H, value, latent]`.
        SPLIT
    }

    public LatentAttention {
        if (numHeads < 1 || latentSize < 1 || plainSize < 1 || valueSize < 1
                || (long) numHeads * (latentSize + plainSize + valueSize + rope.rotatedSize()) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("latent attention with " + numHeads + " heads of " + plainSize + " + "
                    + rope.rotatedSize() + " and values of " + valueSize + ", latents of " + latentSize);
        }
        if (queries instanceof Queries.LowRank low && low.rank < 1) {
            throw new IllegalArgumentException("queries of rank " + low.rank);
        }
        if (keys instanceof KeyChoice.Indexed indexed
                && (queries instanceof Queries.Direct || indexed.headSize() < rope.rotatedSize())) {
            throw new IllegalArgumentException("an indexer needs queries of low rank and heads of at least the "
                    + rope.rotatedSize() + " numbers that are rotated, not of " + indexed.headSize());
        }
        NumberRange.FACTOR.require("attention scale", scale);
    }

    /// A copy with another storage of K and V.
    public LatentAttention withExpansion(Expansion other) {
        return new LatentAttention(numHeads, queries, latentSize, plainSize, valueSize, scale, rope, bias, other, keys,
                temperature);
    }

    /// A copy with another temperature.
    public LatentAttention with(Temperature other) {
        return new LatentAttention(numHeads, queries, latentSize, plainSize, valueSize, scale, rope, bias, expansion,
                keys, other);
    }

    /// Size of a query head.
    public int querySize() {
        return plainSize + rope.rotatedSize();
    }

    /// Width of a cache row.
    public int rowSize() {
        return latentSize + rope.rotatedSize();
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        boolean biased = bias != Bias.NONE;
        int in = switch (queries) {
            case Queries.Direct direct -> hidden;
            case Queries.LowRank low -> {
                shapes.linear(Role.QUERY_LATENT, Role.QUERY_LATENT_BIAS, biased, low.rank, hidden);
                shapes.add(Role.QUERY_LATENT_NORM, low.rank);
                yield low.rank;
            }
        };
        shapes.add(Role.QUERY, (long) numHeads * querySize(), in);
        shapes.linear(Role.LATENT, Role.LATENT_BIAS, biased, rowSize(), hidden);
        shapes.add(Role.LATENT_NORM, latentSize);
        switch (expansion) {
            case JOINED -> shapes.add(Role.EXPANSION, (long) numHeads * (plainSize + valueSize), latentSize);
            case SPLIT -> {
                shapes.add(Role.KEY_EXPANSION, numHeads, latentSize, plainSize);
                shapes.add(Role.VALUE_EXPANSION, numHeads, valueSize, latentSize);
            }
        }
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, biased, hidden, (long) numHeads * valueSize);
        if (keys instanceof KeyChoice.Indexed indexed) {
            shapes.add(Role.INDEX_QUERY, (long) indexed.numHeads() * indexed.headSize(), in);
            shapes.add(Role.INDEX_KEY, indexed.headSize(), hidden);
            shapes.add(Role.INDEX_KEY_NORM_WEIGHT, indexed.headSize());
            shapes.add(Role.INDEX_KEY_NORM_BIAS, indexed.headSize());
            shapes.add(Role.INDEX_WEIGHTS, indexed.numHeads(), hidden);
        }
    }

    /// The latent row, then the indexer's key.
    @Override
    public List<CacheKind> caches() {
        List<CacheKind> all = new ArrayList<>(List.of(new CacheKind.Rows(rowSize(), SPAN)));
        if (keys instanceof KeyChoice.Indexed indexed) {
            all.add(new CacheKind.Rows(indexed.headSize(), SPAN));
        }
        return all;
    }

    @Override
    public String describe() {
        return "latent attention, " + numHeads + " heads of " + plainSize + " + " + rope.rotatedSize()
                + ", latents of " + latentSize + ", " + switch (keys) {
                    case KeyChoice.All all -> "full";
                    case KeyChoice.Indexed i -> "sparse, the " + i.count() + " best keys of an indexer with "
                            + i.numHeads() + " heads of " + i.headSize();
                    case KeyChoice.AsBefore before -> "sparse, the keys of the last indexer";
                } + ", " + Labels.of(rope)
                + (temperature instanceof Temperature.Logarithmic ? ", temperature by position" : "");
    }
}
