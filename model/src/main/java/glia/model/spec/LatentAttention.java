package glia.model.spec;

import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// Multi-head latent attention, MLA (https://arxiv.org/abs/2405.04434). The cache holds one row per token: a latent c,
/// from which the keys and values of all heads are expanded, and a key that all heads share, mostly with RoPE. The
/// score of head h is `scale · (plain_h · K_h c + shared_h · key)`, its value `V_h c`.
///
/// @param queries the query projection
/// @param latentSize the size of c (`kv_lora_rank`)
/// @param plainSize dimensions of a query head whose keys are expanded (`qk_nope_head_dim`)
/// @param sharedSize the size of the shared key and the dimensions of a query head for it (`qk_rope_head_dim`); may
///     be 0
/// @param valueSize size of a value head (`v_head_dim`)
/// @param rope RoPE of the shared key and the query dimensions for it
/// @param bias whether the latent projections and the output have biases
/// @param gating gate of the heads' output, before the output projection
/// @param eps epsilon of the norms of latents
/// @param latentFactor factor of c after its norm
public record LatentAttention(int numHeads, Queries queries, int latentSize, int plainSize, int sharedSize,
        int valueSize, float scale, Rope rope, Bias bias, Gating gating, float eps, Expansion expansion,
        KeyChoice keys, Temperature temperature, float latentFactor) implements Mixer {
    /// The epsilon of most models, whatever their configs have.
    public static final float EPS = 1e-6f;
    private static final Span SPAN = new Span.Causal();

    /// A gate of the heads' output.
    public enum Gating {
        /// No gate.
        NONE,
        /// Each head's output is multiplied by `σ(w_h · x)`. https://arxiv.org/abs/2505.06708
        BY_HEAD
    }

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
        if (numHeads < 1 || latentSize < 1 || plainSize < 1 || valueSize < 1 || sharedSize < 0
                || (long) numHeads * (latentSize + plainSize + valueSize + sharedSize) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("latent attention with " + numHeads + " heads of " + plainSize + " + "
                    + sharedSize + " and values of " + valueSize + ", latents of " + latentSize);
        }
        if (queries instanceof Queries.LowRank low && low.rank < 1) {
            throw new IllegalArgumentException("queries of rank " + low.rank);
        }
        if (keys.indexer().isPresent()
                && (queries instanceof Queries.Direct || keys.indexer().get().headSize() < sharedSize)) {
            throw new IllegalArgumentException("an indexer needs queries of low rank and heads of at least the "
                    + sharedSize + " numbers that are rotated, not of "
                    + keys.indexer().get().headSize());
        }
        if (rope instanceof Rope.Rotary r && r.rotatedSize() != sharedSize) {
            throw new IllegalArgumentException("RoPE of " + r.rotatedSize() + " dimensions for a shared key of "
                    + sharedSize);
        }
        NumberRange.FACTOR.require("factor of latents", latentFactor);
        NumberRange.FACTOR.require("attention scale", scale);
        NumberRange.EPSILON.require("epsilon of the latent norms", eps);
    }

    /// A copy with another storage of K and V.
    public LatentAttention withExpansion(Expansion other) {
        return new LatentAttention(numHeads, queries, latentSize, plainSize, sharedSize, valueSize, scale, rope, bias,
                gating, eps, other, keys, temperature, latentFactor);
    }

    /// A copy with another RoPE.
    public LatentAttention with(Rope other) {
        return new LatentAttention(numHeads, queries, latentSize, plainSize, sharedSize, valueSize, scale, other, bias,
                gating, eps, expansion, keys, temperature, latentFactor);
    }

    /// A copy with another temperature.
    public LatentAttention with(Temperature other) {
        return new LatentAttention(numHeads, queries, latentSize, plainSize, sharedSize, valueSize, scale, rope, bias,
                gating, eps, expansion, keys, other, latentFactor);
    }

    /// A copy whose queries and latents have factors.
    public LatentAttention scaled(double queryFactor, double newLatentFactor) {
        return new LatentAttention(numHeads, queries, latentSize, plainSize, sharedSize, valueSize,
                (float) (queryFactor * scale), rope, bias, gating, eps, expansion, keys, temperature,
                (float) newLatentFactor);
    }

    /// A copy with another gate.
    public LatentAttention with(Gating other) {
        return new LatentAttention(numHeads, queries, latentSize, plainSize, sharedSize, valueSize, scale, rope, bias,
                other, eps, expansion, keys, temperature, latentFactor);
    }

    /// The norm of latents.
    public Norm.Rms norm() {
        return new Norm.Rms(eps, 0);
    }

    /// Size of a query head.
    public int querySize() {
        return plainSize + sharedSize;
    }

    /// Width of a cache row.
    public int rowSize() {
        return latentSize + sharedSize;
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
        if (gating == Gating.BY_HEAD) {
            shapes.add(Role.GATE, numHeads, hidden);
        }
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, biased, hidden, (long) numHeads * valueSize);
        keys.indexer().ifPresent(indexed -> {
            shapes.add(Role.INDEX_QUERY, (long) indexed.numHeads() * indexed.headSize(), in);
            shapes.add(Role.INDEX_KEY, indexed.headSize(), hidden);
            shapes.add(Role.INDEX_KEY_NORM_WEIGHT, indexed.headSize());
            shapes.add(Role.INDEX_KEY_NORM_BIAS, indexed.headSize());
            shapes.add(Role.INDEX_WEIGHTS, indexed.numHeads(), hidden);
            if (keys instanceof KeyChoice.Pooled pooled) {
                shapes.add(Role.INDEX_GATE, indexed.headSize(), hidden);
                shapes.add(Role.INDEX_POSITIONS, pooled.blockSize(), indexed.headSize());
            }
        });
    }

    /// The latent row, then the indexer's key, then what keys of blocks are pooled from.
    @Override
    public List<CacheKind> caches() {
        List<CacheKind> all = new ArrayList<>(List.of(new CacheKind.Rows(rowSize(), SPAN)));
        keys.indexer().ifPresent(indexed -> all.add(new CacheKind.Rows(indexed.headSize(), SPAN)));
        if (keys instanceof KeyChoice.Pooled pooled) {
            all.add(new CacheKind.Rows(2 * pooled.indexer().get().headSize(), new Span.Sliding(pooled.blockSize())));
        }
        return all;
    }

    @Override
    public String describe() {
        return "latent attention, " + numHeads + " heads of " + plainSize + " + " + sharedSize
                + ", latents of " + latentSize + ", " + KeyChoice.words(keys) + ", " + Labels.of(rope)
                + (temperature instanceof Temperature.Logarithmic ? ", temperature by position" : "")
                + (gating == Gating.NONE ? "" : ", gated");
    }
}
