package glia.model.spec;

import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// Multi-head latent attention (https://arxiv.org/abs/2405.04434). Of each token a sequence remembers one row: a latent
/// c, from which the keys and values of all heads could be expanded, and a rotated key that all heads share. Head h
/// scores `scale · (plain_h · K_h c + rotated_h · key)` and sums up `V_h c`.
///
/// @param queries how queries come about
/// @param latentSize numbers of c
/// @param plainSize numbers of a head's query that are not rotated
/// @param rope rotation of the others, and of the shared key
/// @param bias whether the projections to latents and the output have biases
public record LatentAttention(int numHeads, Queries queries, int latentSize, int plainSize, int valueSize, float scale,
        Rope.Rotary rope, Bias bias, Expansion expansion, KeyChoice keys) implements Mixer {
    private static final Span SPAN = new Span.Causal();
    /// The norm of latents. Its epsilon is never the config's.
    public static final Norm.Rms LATENT_NORM = new Norm.Rms(1e-6f, 0);

    /// How queries come about.
    public sealed interface Queries {
        /// By one matrix.
        record Direct() implements Queries { }

        /// By way of a normed latent of `rank` numbers.
        record LowRank(int rank) implements Queries { }
    }

    /// How K and V, which expand latents to keys and values, are stored.
    public enum Expansion {
        /// In one matrix, for each head first K_h and then V_h, `[H·(plain + value), latent]`.
        JOINED,
        /// In two: transposed, `[H, latent, plain]`, and as they are, `[H, value, latent]`.
        SPLIT
    }

    public LatentAttention {
        if (numHeads < 1 || latentSize < 1 || plainSize < 1 || valueSize < 1
                || (long) numHeads * (latentSize + plainSize + valueSize + rope.rotatedSize()) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("latent attention with " + numHeads + " heads of " + plainSize + " + "
                    + rope.rotatedSize() + " and values of " + valueSize + " over latents of " + latentSize);
        }
        if (queries instanceof Queries.LowRank low && low.rank < 1) {
            throw new IllegalArgumentException("queries by way of " + low.rank + " numbers");
        }
        if (keys instanceof KeyChoice.Indexed indexed
                && (queries instanceof Queries.Direct || indexed.headSize() < rope.rotatedSize())) {
            throw new IllegalArgumentException("an indexer needs queries of low rank and heads of at least the "
                    + rope.rotatedSize() + " numbers that are rotated, not of " + indexed.headSize());
        }
        NumberRange.FACTOR.require("attention scale", scale);
    }

    /// The same with K and V stored in another way.
    public LatentAttention withExpansion(Expansion other) {
        return new LatentAttention(numHeads, queries, latentSize, plainSize, valueSize, scale, rope, bias, other, keys);
    }

    /// Numbers of a head's query.
    public int querySize() {
        return plainSize + rope.rotatedSize();
    }

    /// Numbers that are remembered of a token.
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
                + " over latents of " + latentSize + ", " + switch (keys) {
                    case KeyChoice.All all -> "full";
                    case KeyChoice.Indexed i -> "sparse, the " + i.count() + " best keys of an indexer with "
                            + i.numHeads() + " heads of " + i.headSize();
                    case KeyChoice.AsBefore before -> "sparse, the keys of the last indexer";
                } + ", " + Labels.of(rope);
    }
}
