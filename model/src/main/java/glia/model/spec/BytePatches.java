package glia.model.spec;

import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// The patches of a byte latent transformer (https://arxiv.org/abs/2412.09871). A small language model, the patcher,
/// predicts each next byte; a patch ends with the first byte of a text, and with a later one where the entropy of the
/// prediction exceeds a threshold or the patch is as long as allowed. Of a patch with bytes x
///
/// > slots = W_in · max(x), `[k, D]`; slots ← 2 · slots + attention(slots, x)
///
/// and the layers of a large transformer run over the slots of all patches, `[k·D]` to `[G]`. Every byte then reads
/// the last patch that ended with it or before it: see `Reading`.
///
/// The layers of the patcher have the branches from 1 on, then come those of the large transformer, the attention of
/// slots to bytes and the first reading, which is the update of the stream.
///
/// @param width G
/// @param layers of the large transformer, whose attention is `OfPatches`
/// @param numJoining the attentions of slots to bytes in a file, of which the last counts
/// @param joining of slots to bytes
/// @param reading of bytes to slots
public record BytePatches(Patcher patcher, int width, List<Sublayer> layers, int numJoining, Reading joining,
        Reading reading) implements Mixer {
    private static final Span SPAN = new Span.Causal();

    public BytePatches {
        layers = List.copyOf(layers);
        NumberRange.SIZE.require("width of patches", width);
        NumberRange.LAYERS.require("layers that join bytes to patches", numJoining);
    }

    /// The model of the next byte. It gets no gradient.
    ///
    /// @param maxLength of a patch; 0 for any
    public record Patcher(int vocabSize, int width, List<Sublayer> layers, Norm.Rms norm, float threshold,
            int maxLength) {
        public Patcher {
            layers = List.copyOf(layers);
            NumberRange.SIZE.require("width of the patcher", width);
            NumberRange.WEIGHT.require("entropy at which a patch ends", threshold);
        }
    }

    /// Cross attention of bytes x to the k slots of a patch, `x ← x + (x + attention(norm(x), norm(slots)))`.
    ///
    /// @param slots k
    public record Reading(int numHeads, int numKeyValueHeads, int headSize, int slots, float eps) implements Mixer {
        public Reading {
            Heads.check(numHeads, numKeyValueHeads, headSize);
            NumberRange.SIZE.require("slots of a patch", slots);
            NumberRange.EPSILON.require("epsilon of the norms", eps);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.QUERY_INPUT_NORM, hidden);
            shapes.add(Role.KEY_INPUT_NORM, hidden);
            shapes.add(Role.QUERY, (long) numHeads * headSize, hidden);
            shapes.add(Role.KEY, (long) numKeyValueHeads * headSize, hidden);
            shapes.add(Role.VALUE, (long) numKeyValueHeads * headSize, hidden);
            shapes.add(Role.OUTPUT, hidden, (long) numHeads * headSize);
        }

        @Override
        public String describe() {
            return "cross attention to " + slots + " slots of a patch, " + numHeads + " heads of " + headSize;
        }
    }

    /// Causal attention over patches. The keys and values of a patch are in the cache at its last byte; a number more
    /// in each key makes the others invisible.
    public record OfPatches(Attention attention) implements Mixer {
        @Override
        public void parameters(Shapes shapes, int hidden) {
            attention.parameters(shapes, hidden);
        }

        @Override
        public List<CacheKind> caches() {
            int heads = attention.numKeyValueHeads();
            return List.of(new CacheKind.KeyValues(heads * (attention.headSize() + 1), heads * attention.headSize(),
                    SPAN));
        }

        @Override
        public String describe() {
            return attention.describe() + " over patches";
        }
    }

    /// Sums of embeddings of the last bytes, added to those of the bytes: of each function and each size n of a group,
    /// the row `(Σ_j b_{t-n+1+j} · prime^j) mod V` of their part of a table, in 64 bits, bytes before the text being 0.
    ///
    /// @param primes of the functions
    /// @param sizes of groups
    /// @param rows V of each part
    public record Hashes(List<Long> primes, List<Integer> sizes, int rows) implements Mixer {
        public Hashes {
            primes = List.copyOf(primes);
            sizes = List.copyOf(sizes);
            sizes.forEach(size -> NumberRange.SIZE.require("bytes of a group", size));
            NumberRange.SIZE.require("rows of a part of the table", rows);
            if (primes.isEmpty() || sizes.isEmpty()
                    || (long) rows * primes.size() * sizes.size() > Integer.MAX_VALUE) {
                throw new IllegalArgumentException(primes.size() + " hash functions of " + sizes.size()
                        + " sizes with " + rows + " rows each");
            }
        }

        /// The bytes before one that its rows depend on.
        public int past() {
            return sizes.stream().mapToInt(s -> s).max().orElseThrow() - 1;
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.NGRAM_TABLE, (long) rows * primes.size() * sizes.size(), hidden);
        }

        @Override
        public List<CacheKind> caches() {
            return past() == 0 ? List.of() : List.of(new CacheKind.Recurrence(past()));
        }

        @Override
        public String describe() {
            return "embeddings of the last " + sizes + " bytes, " + primes.size() + " functions, " + rows
                    + " rows each";
        }
    }

    /// The mixers of all branches, from 1 on.
    List<Mixer> branches() {
        List<Mixer> all = new ArrayList<>();
        Stream.concat(patcher.layers.stream(), layers.stream()).forEach(s -> all.add(s.mixer()));
        for (int i = 0; i < numJoining; i++) {
            all.add(joining);
        }
        all.add(reading);
        return all;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        Place own = shapes.place();
        shapes.add(Role.PATCHER_EMBEDDING, patcher.vocabSize, patcher.width);
        int branch = branches(shapes, patcher.layers, 1, patcher.width);
        shapes.at(own).norm(patcher.norm, Role.PATCHER_NORM, Role.PATCHER_NORM, patcher.width);
        shapes.add(Role.PATCHER_HEAD, patcher.vocabSize, patcher.width);
        long slots = (long) joining.slots * hidden;
        shapes.add(Role.SLOT_INPUT, slots, hidden);
        int first = branch + layers.size();
        for (int i = 0; i < numJoining; i++) {
            joining.parameters(shapes.at(new Place(own.sublayer(), first + i)), hidden);
        }
        shapes.at(own);
        if (slots != width) {
            shapes.add(Role.TRANSFORM, width, slots);
        }
        branches(shapes, layers, branch, width);
        shapes.at(own).add(Role.SLOT_OUTPUT, (long) reading.slots * hidden, width);
        reading.parameters(shapes.at(new Place(own.sublayer(), first + numJoining)), hidden);
        shapes.at(own);
    }

    private static int branches(Shapes shapes, List<Sublayer> sublayers, int first, int hidden) {
        int sublayer = shapes.place().sublayer();
        for (int i = 0; i < sublayers.size(); i++) {
            Sublayer s = sublayers.get(i);
            shapes.at(new Place(sublayer, first + i)).norm(s.before(), Role.BEFORE_WEIGHT, Role.BEFORE_BIAS, hidden);
            s.mixer().parameters(shapes, hidden);
        }
        return first + sublayers.size();
    }

    /// The keys and values of bytes. Then the number of ended patches, the start of the open one, the maximum of its
    /// bytes and the slots of the last one that ended.
    @Override
    public List<CacheKind> caches() {
        int size = joining.numKeyValueHeads * joining.headSize;
        return List.of(new CacheKind.KeyValues(size, size, SPAN), new CacheKind.Recurrence(stateSize()));
    }

    private int stateSize() {
        return 2 + hidden() * (1 + reading.slots);
    }

    /// D.
    public int hidden() {
        return joining.numHeads * joining.headSize;
    }

    @Override
    public String describe() {
        return "patches of bytes where the entropy exceeds " + patcher.threshold + ", " + layers.size() / 2
                + " layers of " + width + " over them";
    }
}
