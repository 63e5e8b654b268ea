package glia.model.spec;

import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The attention of DeepSeek V4: queries of low rank with an RMS norm of each head, one key-value head whose keys are
/// the values, with RoPE on the last dimensions, which is taken back from the output; a sink for each head; an output
/// projection of low rank for each group of heads. It attends to a sliding window and, in compressed layers, to entries
/// for blocks of earlier positions (see `BlockPool`), all of them or those that an indexer chooses.
///
/// @param rank the rank of queries
/// @param rope RoPE of the last dimensions of heads
/// @param numGroups the groups of heads of the output projection
/// @param outputRank the rank of a group's output
public record CompressedAttention(int numHeads, int headSize, int rank, Rope.Rotary rope, int window, int numGroups,
        int outputRank, float eps, Optional<Compression> compression) implements Mixer {
    /// The compression of blocks.
    ///
    /// @param blockSize m, the positions of a block
    /// @param indexer the choice of entries of overlapping blocks; without one blocks do not overlap
    public record Compression(int blockSize, Optional<KeyChoice.Indexed> indexer) {
        public Compression {
            NumberRange.SIZE.require("size of compressed blocks", blockSize);
        }

        /// s, the series of values of a token.
        int series() {
            return indexer.isPresent() ? 2 : 1;
        }

        /// The positions that an entry is made of.
        Span span() {
            return new Span.Sliding(Math.multiplyExact(series(), blockSize));
        }
    }

    public CompressedAttention {
        Heads.check(numHeads, 1, headSize);
        Heads.check(rope, headSize);
        NumberRange.SIZE.require("rank of queries", rank);
        NumberRange.SIZE.require("sliding window", window);
        NumberRange.SIZE.require("groups of heads", numGroups);
        NumberRange.SIZE.require("rank of outputs", outputRank);
        NumberRange.EPSILON.require("epsilon of the norms", eps);
        if (numHeads % numGroups != 0) {
            throw new IllegalArgumentException(numGroups + " groups do not divide the " + numHeads + " heads");
        }
        if (compression.flatMap(Compression::indexer).filter(i -> i.headSize() < rope.rotatedSize()).isPresent()) {
            throw new IllegalArgumentException("index heads are smaller than the " + rope.rotatedSize()
                    + " dimensions that are rotated");
        }
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        long heads = (long) numHeads * headSize;
        shapes.add(Role.QUERY_LATENT, rank, hidden);
        shapes.add(Role.QUERY_LATENT_NORM, rank);
        shapes.add(Role.QUERY, heads, rank);
        shapes.add(Role.KEY, headSize, hidden);
        shapes.add(Role.KEY_NORM, headSize);
        shapes.add(Role.SINKS, numHeads);
        shapes.add(Role.GROUP_OUTPUT, (long) numGroups * outputRank, heads / numGroups);
        shapes.add(Role.OUTPUT, hidden, (long) numGroups * outputRank);
        compression.ifPresent(c -> {
            pooled(shapes, hidden, c, headSize, Role.ENTRY_VALUE, Role.ENTRY_GATE, Role.ENTRY_POSITIONS,
                    Role.ENTRY_NORM);
            c.indexer().ifPresent(i -> {
                shapes.add(Role.INDEX_QUERY, (long) i.numHeads() * i.headSize(), rank);
                shapes.add(Role.INDEX_WEIGHTS, i.numHeads(), hidden);
                pooled(shapes, hidden, c, i.headSize(), Role.INDEX_KEY, Role.INDEX_GATE, Role.INDEX_POSITIONS,
                        Role.INDEX_KEY_NORM_WEIGHT);
            });
        });
    }

    private static void pooled(Shapes shapes, int hidden, Compression c, int size, Role value, Role gate,
            Role positions, Role norm) {
        long width = (long) c.series() * size;
        shapes.add(value, width, hidden);
        shapes.add(gate, width, hidden);
        shapes.add(positions, c.blockSize(), width);
        shapes.add(norm, size);
    }

    /// The window, then entries and what they are made of, then the same of the indexer.
    @Override
    public List<CacheKind> caches() {
        List<CacheKind> all = new ArrayList<>(List.of(new CacheKind.Rows(headSize, new Span.Sliding(window))));
        compression.ifPresent(c -> {
            add(all, c, headSize);
            c.indexer().ifPresent(i -> add(all, c, i.headSize()));
        });
        return all;
    }

    private static void add(List<CacheKind> all, Compression c, int size) {
        all.add(new CacheKind.Rows(size, new Span.Causal()));
        all.add(new CacheKind.Rows(2 * c.series() * size, c.span()));
    }

    @Override
    public String describe() {
        return "multi-query attention, keys are values, " + numHeads + " heads of " + headSize + ", window of "
                + window + compression.map(c -> ", blocks of " + c.blockSize() + " compressed" + c.indexer().map(i ->
                        ", the " + i.count() + " best of an indexer with " + i.numHeads() + " heads of "
                                + i.headSize()).orElse("")).orElse("") + ", " + Labels.of(rope);
    }
}
