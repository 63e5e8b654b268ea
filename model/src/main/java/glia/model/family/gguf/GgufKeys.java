package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufKind;
import glia.io.gguf.GgufMetadata;
import glia.model.family.config.Numbers;
import glia.model.spec.NumberRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/// Converts the metadata of a GGUF file, `<architecture>.<key>`, to keys of config.json.
public final class GgufKeys {
    private static final String SLIDES = "attention.sliding_window_pattern";

    private final GgufMetadata metadata;
    private final String prefix;
    private final Map<String, Object> config = new HashMap<>();

    /// @throws CheckpointException if a number of the architecture is outside of its range
    public GgufKeys(GgufMetadata metadata, String architecture, String modelType) throws CheckpointException {
        this.metadata = metadata;
        this.prefix = architecture + ".";
        config.put("model_type", modelType);
        GgufNumbers.check(metadata, prefix);
    }

    public boolean has(String key) {
        return metadata.has(prefix + key);
    }

    /// The `general.architecture` of a file.
    static String architecture(GgufMetadata metadata) throws CheckpointException {
        return metadata.string("general.architecture");
    }

    public long integer(String key) throws CheckpointException {
        return metadata.integer(prefix + key);
    }

    boolean flag(String key) throws CheckpointException {
        return metadata.flag(prefix + key);
    }

    private boolean isList(String key) throws CheckpointException {
        return metadata.value(prefix + key).kind() == GgufKind.ARRAY;
    }

    CheckpointException error(String place, String problem) {
        return new CheckpointException(metadata.origin(), place, problem);
    }

    /// A number for each layer, from a list or from a single number.
    int[] perLayer(String key, int numLayers) throws CheckpointException {
        if (!isList(key)) {
            int[] all = new int[numLayers];
            Arrays.fill(all, Math.toIntExact(integer(key)));
            return all;
        }
        int[] listed = metadata.integers(prefix + key);
        if (listed.length < numLayers) {
            throw error("metadata key " + prefix + key, "has " + listed.length + " numbers for " + numLayers
                    + " layers");
        }
        return listed;
    }

    /// A number for all layers, or a list in which recurrent layers have 0.
    ///
    /// @throws CheckpointException also if two layers have different numbers above 0
    long most(String key) throws CheckpointException {
        if (!isList(key)) {
            return integer(key);
        }
        int[] above = Arrays.stream(metadata.integers(prefix + key)).filter(n -> n > 0).distinct().toArray();
        if (above.length > 1) {
            throw error("metadata key " + prefix + key, "found " + above[0] + " and " + above[1]
                    + ", expected the same number in all layers with attention");
        }
        return above.length == 0 ? 0 : above[0];
    }

    /// Sets the sliding-window layers: a list, or a period whose first layer is full.
    GgufKeys slides(String period) throws CheckpointException {
        return has(SLIDES) && isList(SLIDES) ? slides() : optional(SLIDES, period);
    }

    /// Sets the sliding-window layers from a list of flags, or of numbers that are not 0.
    GgufKeys slides() throws CheckpointException {
        List<Boolean> slides = new ArrayList<>();
        if (metadata.raw(prefix + SLIDES) instanceof long[] numbers) {
            LongStream.of(numbers).forEach(n -> slides.add(n != 0));
        } else {
            for (boolean flag : metadata.flags(prefix + SLIDES)) {
                slides.add(flag);
            }
        }
        return put("layer_types", slides.stream().map(s -> s ? "sliding_attention" : "full_attention").toList());
    }

    /// Sets the vocabulary size, from the embedding, since the metadata may lack it, and whether the head is the
    /// embedding.
    GgufKeys vocabulary(Checkpoint checkpoint) throws CheckpointException {
        return put("vocab_size", StandardGguf.vocabSize(checkpoint))
                .put("tie_word_embeddings", !checkpoint.names().contains("output.weight"));
    }

    /// Sets the recurrent layers: those with this tensor.
    GgufKeys recurrent(Checkpoint checkpoint, String tensor) {
        return kinds(checkpoint, "layer_types", tensor, "linear_attention", "full_attention");
    }

    /// Sets a list of the kinds of layers: of those with a tensor, and of the others.
    GgufKeys kinds(Checkpoint checkpoint, String name, String tensor, String with, String without) {
        long count = (long) config.get("num_hidden_layers");
        return put(name, LongStream.range(0, count).mapToObj(layer -> checkpoint.names()
                .contains("blk." + layer + "." + tensor) ? with : without).toList());
    }

    /// Sets the number of dense layers before the first with experts, which some files do not state.
    public GgufKeys dense(Checkpoint checkpoint) {
        long count = (long) config.get("num_hidden_layers");
        return put("first_k_dense_replace", LongStream.range(0, count).filter(layer -> checkpoint.names()
                .contains("blk." + layer + ".ffn_gate_inp.weight")).findFirst().orElse(count));
    }

    /// Sets period and offset of the layers with a tensor.
    ///
    /// @throws CheckpointException if the period is not constant
    public GgufKeys spread(Checkpoint checkpoint, String tensor, String period,
            String offset) throws CheckpointException {
        int count = Math.toIntExact(integer("block_count"));
        int[] layers = IntStream.range(0, count)
                .filter(layer -> checkpoint.names().contains("blk." + layer + "." + tensor)).toArray();
        int step = layers.length > 1 ? layers[1] - layers[0] : count + 1;
        for (int i = 0; i < layers.length; i++) {
            if (layers[i] != layers[0] + i * step) {
                throw error("blk." + layers[i] + "." + tensor,
                        "expected one in every " + step + " layers");
            }
        }
        boolean complete = layers.length == 0 || layers[0] < step && layers[layers.length - 1] + step >= count;
        if (!complete) {
            throw error("blk." + layers[0] + "." + tensor,
                    "expected one in every " + step + " layers, from the first on and to the last");
        }
        return put(period, step).put(offset, layers.length == 0 ? count : layers[0]);
    }

    /// The quotient of two integers.
    ///
    /// @throws CheckpointException also if there is a remainder or the divisor is not positive
    public long quotient(String key, String divisorKey) throws CheckpointException {
        long dividend = integer(key);
        long divisor = integer(divisorKey);
        if (divisor < 1 || dividend % divisor != 0) {
            throw error("metadata key " + prefix + divisorKey,
                    divisor + " does not divide the " + dividend + " of " + prefix + key);
        }
        return dividend / divisor;
    }

    /// Sets the rotated fraction of a head. It is rounded up, so that its product with the head size is not below
    /// `rotated`.
    GgufKeys rotatedPart(long rotated, long headSize) {
        return put("partial_rotary_factor", rotated == headSize ? 1.0 : Math.nextUp((double) rotated / headSize));
    }

    /// Copies a list of keys.
    public GgufKeys copy(List<GgufKey> all) throws CheckpointException {
        for (GgufKey one : all) {
            one.reading().copy(this);
        }
        return this;
    }

    /// A real number or a default.
    public double real(String key, double otherwise) throws CheckpointException {
        return has(key) ? metadata.real(prefix + key) : otherwise;
    }

    /// Copies a required integer.
    public GgufKeys integer(String key, String name) throws CheckpointException {
        config.put(name, metadata.integer(prefix + key));
        return this;
    }

    /// Copies an optional integer.
    GgufKeys optional(String key, String name) throws CheckpointException {
        return has(key) ? integer(key, name) : this;
    }

    /// Copies an optional real number.
    GgufKeys real(String key, String name) throws CheckpointException {
        if (has(key)) {
            config.put(name, number(key));
        }
        return this;
    }

    /// A real number. F32 values become the shortest decimal that rounds to them, such as 0.1, as in configs.
    double number(String key) throws CheckpointException {
        double stored = metadata.real(prefix + key);
        return (float) stored == stored ? Numbers.decimal((float) stored) : stored;
    }

    /// Renames a config key, if it exists.
    public GgufKeys rename(String from, String to) {
        if (config.containsKey(from)) {
            config.put(to, config.remove(from));
        }
        return this;
    }

    /// Adds a value to the object under `holder`, if it exists.
    public GgufKeys put(String holder, String name, Object value) {
        if (config.get(holder) instanceof Map<?, ?> inside) {
            Map<Object, Object> more = new HashMap<>(inside);
            more.put(name, value);
            config.put(holder, more);
        }
        return this;
    }

    /// Copies an optional text.
    GgufKeys text(String key, String name) throws CheckpointException {
        if (has(key)) {
            config.put(name, metadata.string(prefix + key));
        }
        return this;
    }

    /// Copies an optional flag.
    GgufKeys flag(String key, String name) throws CheckpointException {
        if (has(key)) {
            config.put(name, metadata.flag(prefix + key));
        }
        return this;
    }

    public GgufKeys put(String name, Object value) {
        config.put(name, value);
        return this;
    }

    /// Moves keys into an object under `holder`.
    public GgufKeys move(String holder, String... names) {
        Map<String, Object> inside = new HashMap<>();
        for (String name : names) {
            if (config.containsKey(name)) {
                inside.put(name, config.remove(name));
            }
        }
        return put(holder, inside);
    }

    /// The keys `rope.scaling.*` as `rope_scaling`.
    GgufKeys ropeScaling() throws CheckpointException {
        return RopeGguf.scaling(this);
    }

    /// An optional list of texts; empty without it.
    String[] texts(String key) throws CheckpointException {
        return has(key) ? metadata.strings(prefix + key) : new String[0];
    }

    /// An optional text.
    Optional<String> text(String key) throws CheckpointException {
        return has(key) ? Optional.of(metadata.string(prefix + key)) : Optional.empty();
    }

    Map<String, Object> config() {
        return config;
    }

    /// The ranges of the numbers in GGUF metadata. All are checked before one is used, so that a message names the key
    /// of the file and no count, however large, is worked through.
    static final class GgufNumbers {
        private static final Map<NumberRange, List<String>> KEYS = Map.of(
                NumberRange.LAYERS, List.of("block_count", "decoder_block_count"),
                NumberRange.EXPERTS, List.of("expert_count", "expert_shared_count", "expert_group_count",
                        "expert_group_used_count"),
                NumberRange.SIZE, List.of("context_length", "embedding_length", "vocab_size", "attention.key_length",
                        "attention.value_length", "attention.key_length_mla", "attention.value_length_mla",
                        "attention.key_length_swa", "attention.value_length_swa", "attention.kv_lora_rank",
                        "attention.q_lora_rank", "attention.relative_buckets_count", "attention.indexer.head_count",
                        "attention.indexer.key_length", "attention.indexer.top_k", "ssm.conv_kernel", "ssm.inner_size",
                        "shortconv.l_cache", "ssm.state_size", "ssm.time_step_rank", "ssm.group_count",
                        "rope.scaling.original_context_length"),
                NumberRange.COUNT, List.of("attention.head_count", "attention.head_count_kv", "feed_forward_length",
                        "expert_feed_forward_length", "expert_shared_feed_forward_length", "expert_used_count",
                        "leading_dense_block_count", "attention.sliding_window", "attention.shared_kv_layers",
                        "embedding_length_per_layer_input", "rope.dimension_count", "rope.dimension_count_swa",
                        "moe_latent_size", "interleave_moe_layer_step", "decoder_start_token_id", "expert_gating_func"),
                NumberRange.EPSILON, List.of("attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon",
                        "ssm.dt_b_c_rms_epsilon"),
                NumberRange.ROPE_THETA, List.of("rope.freq_base", "rope.freq_base_swa"),
                NumberRange.ROPE_FACTOR, List.of("rope.scaling.factor", "rope.scaling.yarn_beta_fast",
                        "rope.scaling.yarn_beta_slow"),
                NumberRange.FACTOR, List.of("embedding_scale", "residual_scale", "logit_scale", "attention.scale",
                        "expert_weights_scale", "attention.max_alibi_bias", "rope.scaling.attn_factor",
                        "rope.scaling.yarn_attn_factor"),
                NumberRange.WEIGHT, List.of("attention.temperature_scale", "rope.scaling.yarn_log_multiplier"),
                NumberRange.CAP, List.of("attn_logit_softcapping", "final_logit_softcapping"));
        private static final Map<String, NumberRange> RANGES = new LinkedHashMap<>();

        static {
            KEYS.forEach((range, keys) -> keys.forEach(key -> RANGES.put(key, range)));
        }

        private GgufNumbers() { }

        /// @param prefix the architecture and a dot
        /// @throws CheckpointException if a number is outside of its range
        static void check(GgufMetadata metadata, String prefix) throws CheckpointException {
            for (Map.Entry<String, NumberRange> entry : RANGES.entrySet()) {
                String key = prefix + entry.getKey();
                if (metadata.has(key)) {
                    check(metadata, key, entry.getValue());
                }
            }
        }

        private static void check(GgufMetadata metadata, String key, NumberRange range) throws CheckpointException {
            switch (metadata.raw(key)) {
                case Long _, Float _, Double _ -> check(metadata, key, metadata.real(key), range);
                case long[] list -> {
                    for (long n : list) {
                        check(metadata, key, n, range);
                    }
                }
                // A value of another type is refused by whoever reads it.
                default -> { }
            }
        }

        private static void check(GgufMetadata metadata, String key, double found, NumberRange range)
                throws CheckpointException {
            if (!range.holds(found)) {
                throw new CheckpointException(metadata.origin(), "metadata key " + key, "found "
                        + NumberRange.text(found)
                        + ", expected " + range.expected());
            }
        }
    }
}
