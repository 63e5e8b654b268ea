package glia.engine.state;

import glia.model.block.RopeTables;
import glia.model.spec.Attention;
import glia.model.spec.CacheKind;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Positions;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Span;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
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

        @Override
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

    /// A prompt is read with full attention; then each key-value head of each layer keeps the `budget` positions with
    /// the largest scores. Further positions are all kept, until the next prompt of a conversation is read.
    record Scored(Method method, int budget) implements CachePolicy {
        /// How keys are scored, by the queries of so many last positions.
        public enum Method {
            /// [KeyScores#snapKv]
            SNAPKV(32),
            /// [KeyScores#expected]
            EXPECTED(128);

            private final int queries;

            Method(int queries) {
                this.queries = queries;
            }
        }

        private static final int LEAST = 64;
        private static final int POOL = 5;
        private static final int SINKS = 4;
        private static final int FUTURE = 512;

        public Scored {
            if (budget < LEAST || budget > Streaming.MOST) {
                throw new IllegalArgumentException("found a budget of " + budget + " positions, expected " + LEAST
                        + " to " + Streaming.MOST);
            }
        }

        @Override
        public int queries() {
            return method.queries;
        }

        /// Keeps the positions with the largest scores by the recorded queries.
        ///
        /// @param ropes by layer, by which keys are turned to their new positions
        /// @throws StateMemoryException if there is no memory for the copy; then nothing has changed
        public void keep(Sequence sequence, RopeTable[] ropes) {
            sequence.keep(budget, sequence.queries().choose(this, sequence.table(0), ropes), ropes);
            sequence.queries().clear();
        }

        /// The scores of a layer's keys.
        ///
        /// @param q the queries of the last positions
        /// @param rope of the layer; null for none
        double[][] scores(Tensor q, KeyValues keys, AttentionShape shape, RopeTable rope) {
            return switch (method) {
                case SNAPKV -> KeyScores.snapKv(q, keys, shape, POOL);
                case EXPECTED -> KeyScores.expected(q, keys, shape, rope, SINKS, FUTURE);
            };
        }

        @Override
        public String toString() {
            return method.name().toLowerCase(Locale.ROOT) + ":" + budget;
        }
    }

    /// The most positions of a sequence.
    default int most() {
        return Integer.MAX_VALUE;
    }

    /// The number of last positions whose queries score the keys.
    default int queries() {
        return 0;
    }

    /// The most tokens of a text, prompt and answer.
    ///
    /// @param context the most positions of a sequence
    default int mostTokens(int context) {
        return switch (this) {
            case Streaming _ -> 1 << 30;
            case Scored _ -> context;
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
