package glia.engine.state;

import glia.model.block.RopeTables;
import glia.model.spec.Attention;
import glia.model.spec.CacheKind;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Positions;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Span;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Which positions of its KV cache a sequence keeps, so that its memory is bounded. What is kept gets the positions
/// from 0 on ([Sequence#keep]).
public sealed interface CachePolicy {
    /// StreamingLLM (https://arxiv.org/abs/2309.17453): the first `sinks` positions and up to `window` recent ones.
    /// When a sequence has that many, the oldest quarter of its window is dropped at once, so a token attends to three
    /// quarters of the window or more.
    record Streaming(int sinks, int window) implements CachePolicy {
        private static final int MOST = 1 << 24;

        public Streaming {
            if (sinks < 0 || sinks > MOST || window < 4 || window > MOST) {
                throw new IllegalArgumentException("found " + sinks + " attention sinks and a window of " + window
                        + " positions, expected 0 to " + MOST + " sinks and a window of 4 to " + MOST);
            }
        }

        /// The most positions.
        public int most() {
            return sinks + window;
        }

        /// The positions that leave a full sequence.
        public int dropped() {
            return window / 4;
        }

        @Override
        public String toString() {
            return "streaming:" + sinks + "+" + window;
        }
    }

    /// The most tokens of a text, prompt and answer.
    default int mostTokens() {
        return switch (this) {
            case Streaming _ -> 1 << 30;
        };
    }

    /// @param context the most positions of a sequence
    /// @throws IllegalArgumentException if the policy cannot be applied to the model; the message says why
    default void require(ModelSpec spec, int context, KeyValueType type) {
        String why = obstacle(spec, type);
        if (this instanceof Streaming streaming && streaming.most() > context) {
            why = "sinks and window are " + streaming.most() + " positions, the context has " + context;
        }
        if (!why.isEmpty()) {
            throw new IllegalArgumentException("the cache policy " + this + " cannot be used: " + why);
        }
    }

    private static String obstacle(ModelSpec spec, KeyValueType type) {
        if (spec.encoder().isPresent() || spec.looksAhead()) {
            return "the model is no decoder of text token by token";
        }
        if (!(spec.embedding().positions() instanceof Positions.None)) {
            return "the model adds embeddings of positions to tokens, so keys cannot be moved to other positions";
        }
        for (int i = 0; i < spec.sublayers().size(); i++) {
            for (Mixer mixer : spec.mixers(i)) {
                List<CacheKind> caches = mixer.caches();
                if (caches.isEmpty()) {
                    continue;
                }
                String layer = "layer " + spec.sublayers().get(i).layer();
                if (!(mixer instanceof Attention attention) || caches.size() != 1) {
                    return layer + " is no attention with keys and values alone, but "
                            + mixer.getClass().getSimpleName();
                }
                if (!(attention.span() instanceof Span.Causal)) {
                    return layer + " has a sliding window or attends to chunks; all layers need full attention";
                }
                int size = attention.headSize();
                if (!type.hasWholeHeads(size, attention.ownValueSize().orElse(size))) {
                    return "heads of " + size + " are no whole blocks of the KV cache type " + type.label()
                            + "; try bf16";
                }
            }
        }
        return "";
    }

    /// The rotation of the keys of each layer, null for none; layers are those of [Sequence#keep].
    ///
    /// @param context the context length of the run
    static RopeTable[] ropes(ModelSpec spec, int context) {
        RopeTables tables = new RopeTables(context);
        return attention(spec).stream().map(a -> tables.of(a.rope()).orElse(null)).toArray(RopeTable[]::new);
    }

    /// Layers with a KV cache.
    static List<Attention> attention(ModelSpec spec) {
        return IntStream.range(0, spec.sublayers().size()).boxed().flatMap(i -> spec.mixers(i).stream())
                .filter(Attention.class::isInstance).map(Attention.class::cast)
                .filter(a -> !a.caches().isEmpty()).toList();
    }

    /// The same positions for each layer and key-value head.
    static int[][][] everywhere(ModelSpec spec, int[] positions) {
        return attention(spec).stream().map(a -> {
            int[][] heads = new int[a.numKeyValueHeads()][];
            Arrays.fill(heads, positions);
            return heads;
        }).toArray(int[][][]::new);
    }
}
