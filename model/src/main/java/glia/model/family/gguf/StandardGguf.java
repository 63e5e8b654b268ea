package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Experts;
import glia.model.spec.Head;
import glia.model.spec.Lightning;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parallel;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The GGUF form of Llama's structure (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
///
/// @param architecture the value of `general.architecture`
/// @param modelType the family's `model_type`
/// @param rotation the row order of queries and keys
public record StandardGguf(String architecture, String modelType, Rotation rotation) implements WrittenGguf {
    /// The row order of queries and keys.
    public enum Rotation {
        /// As on the hub.
        HALF_SPLIT,
        /// Permuted, so that RoPE pairs are neighbors.
        INTERLEAVED
    }

    /// The architectures whose readers use LongRoPE.
    private static final Set<String> LONG = Set.of("phi3", "phimoe", "minicpm3");
    private static final String OUTPUT = ".attn_output.weight";
    private static final long UNUSED_HEAD = 256;
    private static final String ROPE_DIVISORS = "rope_freqs.weight";
    /// The architectures whose readers use a tensor of frequency divisors.
    private static final Set<String> DIVIDED = Set.of("llama", "llama4", "mistral3", "apertus", "arcee", "exaone",
            "exaone4", "granite", "granitemoe");

    /// Whether attention and MLP read the same input.
    public static final GgufKey PARALLEL = GgufKey.flag("use_parallel_residual", "use_parallel_residual",
            facts -> Optional.of(facts.first(Parallel.class).isPresent()));

    /// The factor of logits.
    public static final GgufKey LOGIT_SCALE = GgufKey.real("logit_scale", "logit_scale", facts ->
            facts.spec().head().logits() instanceof Head.Logits.Scaled s ? Optional.of(s.factor()) : Optional.of(1f));

    /// The vocabulary size, required only in files without a vocabulary.
    static final GgufKey VOCAB_SIZE = GgufKey.written("vocab_size", facts -> Optional.of(facts.spec().vocabSize()));

    /// The number of key-value heads.
    public static final GgufKey KEY_VALUE_HEADS = GgufKey.written("attention.head_count_kv",
            facts -> facts.attention().map(Attention::numKeyValueHeads));

    /// The limit of queries, keys and values.
    public static final GgufKey CLIP = GgufKey.real("attention.clamp_kqv", "clip_qkv", facts -> facts.attention()
            .flatMap(a -> a.norm() instanceof QkNorm.Clipped clipped ? Optional.of(clipped.limit())
                    : Optional.empty()));

    /// The layers with a sliding window, in files where there are some.
    public static final GgufKey SLIDES = new GgufKey("attention.sliding_window_pattern", keys -> {
        if (keys.has("attention.sliding_window_pattern")) {
            keys.slides();
        }
    }, facts -> facts.window().map(window -> facts.mixers().filter(Attention.class::isInstance)
            .map(m -> ((Attention) m).span() instanceof Span.Sliding).toList()));

    /// The keys of sizes, with the usual config keys.
    private static final List<GgufKey> KEYS = GgufKey.join(
            sizes("num_hidden_layers", "max_position_embeddings", "hidden_size"),
            List.of(GgufKey.optional("feed_forward_length", "intermediate_size", facts -> Optional.of(facts.width())),
                    GgufKey.written("attention.head_count", facts -> Optional.of(facts.heads())), KEY_VALUE_HEADS,
                    GgufKey.real("attention.layer_norm_rms_epsilon", "rms_norm_eps",
                            facts -> facts.epsilon().filter(_ -> !facts.hasLayerNorms())),
                    GgufKey.real("attention.layer_norm_epsilon", "layer_norm_eps",
                            facts -> facts.epsilon().filter(_ -> facts.hasLayerNorms())),
                    headSize("attention.key_length"), headSize("attention.value_length"),
                    new GgufKey("attention.sliding_window", StandardGguf::window, GgufFacts::window)),
            RopeGguf.KEYS);

    /// Files of Phi 4 say 0 where there is no window.
    private static void window(GgufKeys keys) throws CheckpointException {
        if (keys.has("attention.sliding_window") && keys.integer("attention.sliding_window") > 0) {
            keys.integer("attention.sliding_window", "sliding_window");
        }
    }

    /// The keys of the sizes of every family, with the family's config keys.
    static List<GgufKey> sizes(String layers, String context, String hidden) {
        return List.of(VOCAB_SIZE, GgufKey.count("block_count", layers, facts -> facts.spec().numLayers()),
                GgufKey.count("context_length", context, facts -> facts.spec().contextLength()),
                GgufKey.count("embedding_length", hidden, facts -> facts.spec().hiddenSize()));
    }

    /// The number of heads.
    static GgufKey heads(String name) {
        return GgufKey.count("attention.head_count", name, GgufFacts::heads);
    }

    private static GgufKey headSize(String key) {
        return GgufKey.written(key, facts -> facts.attention().map(Attention::headSize)
                .or(() -> facts.first(Lightning.class).map(Lightning::headSize)));
    }

    @Override
    public List<GgufKey> keys() {
        return KEYS;
    }

    @Override
    public Map<String, float[]> further(ModelSpec spec) {
        Optional<Rope.Rotary> rotary = new GgufFacts(spec).rotary();
        if (LONG.contains(architecture) && rotary.map(Rope.Rotary::scaling).orElse(new RopeScaling.None())
                instanceof RopeScaling.LongRope rope) {
            return RopeGguf.tensors(rope);
        }
        boolean isDivided = rotary.isPresent() && DIVIDED.contains(architecture)
                && (rotary.get().scaling() instanceof RopeScaling.Llama3
                        || rotary.get().scaling() instanceof RopeScaling.Divisors);
        return isDivided ? Map.of(ROPE_DIVISORS, divisors(rotary.get())) : Map.of();
    }

    /// The frequency divisors.
    private static float[] divisors(Rope.Rotary rotary) {
        double[] ones = new double[rotary.rotatedSize() / 2];
        for (int i = 0; i < ones.length; i++) {
            ones[i] = Math.pow(rotary.theta(), -2.0 * i / rotary.rotatedSize());
        }
        double[] scaled = rotary.scaling().scale(ones, rotary.theta(), 1);
        float[] divisors = new float[ones.length];
        for (int i = 0; i < ones.length; i++) {
            divisors[i] = (float) (ones[i] / scaled[i]);
        }
        return divisors;
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        return keys(metadata, checkpoint).config();
    }

    /// The common config of families with this structure.
    GgufKeys keys(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = new GgufKeys(metadata, architecture, modelType).copy(KEYS)
                .vocabulary(checkpoint)
                .put("attention_bias", checkpoint.names().contains("blk.0.attn_output.bias"))
                .put("mlp_bias", checkpoint.names().contains("blk.0.ffn_down.bias"));
        RopeGguf.scaling(keys, checkpoint);
        Optional<String> attention = checkpoint.names().stream().filter(n -> n.endsWith(OUTPUT)).sorted().findFirst();
        if (attention.isEmpty()) {
            // All layers are recurrent. What the file says of attention is not used, and may be 0 or missing.
            return keys.put("num_attention_heads", 1).put("num_key_value_heads", 1).put("head_dim", UNUSED_HEAD);
        }
        long heads = keys.most("attention.head_count");
        if (heads < 1) {
            throw keys.error("metadata key " + architecture + ".attention.head_count", "found 0, but the file has "
                    + attention.get() + "; expected the number of heads. Convert the original model again");
        }
        keys.put("num_attention_heads", heads);
        // Recurrent layers have 0, also where there are no others.
        long keyValueHeads = keys.has("attention.head_count_kv") ? keys.most("attention.head_count_kv") : 0;
        keys.put("num_key_value_heads", keyValueHeads == 0 ? heads : keyValueHeads);
        long headSize = keys.has("attention.key_length") ? keys.integer("attention.key_length")
                : keys.quotient("embedding_length", "attention.head_count");
        if (keys.has("rope.dimension_count")) {
            keys.rotatedPart(keys.integer("rope.dimension_count"), headSize);
        }
        return keys.put("head_dim", headSize);
    }

    /// The vocabulary size, from the embedding, since the metadata may lack it.
    static long vocabSize(Checkpoint checkpoint) throws CheckpointException {
        return checkpoint.tensor("token_embd.weight").rows();
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        List<Float> divisors = RopeGguf.divisors(checkpoint, ROPE_DIVISORS);
        Layout layout = rotation == Rotation.INTERLEAVED ? Layout.INTERLEAVED : Layout.HALF_SPLIT;
        return GemmaGguf.whole(spec).mapMixers(m -> m instanceof Attention a && a.rope() instanceof Rope.Rotary r
                ? a.with(new Rope.Rotary(r.rotatedSize(), r.theta(), scaling(r.scaling(), divisors), layout)) : m);
    }

    private static RopeScaling scaling(RopeScaling declared, List<Float> divisors) {
        if (divisors.isEmpty()) {
            return declared;
        }
        if (!(declared instanceof RopeScaling.None)) {
            throw new IllegalArgumentException("the metadata declares " + declared + " and there is a tensor "
                    + ROPE_DIVISORS + "; rotary frequencies are scaled by one of the two, not both");
        }
        return new RopeScaling.Divisors(divisors);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return new Source.Stored(global(p));
        }
        String layer = "blk." + spec.sublayer(p).layer() + ".";
        if (p.role() == Role.SHARED_SCALE) {
            return new Source.Shaped(new Source.Stored(layer + "ffn_gate_inp_shexp.weight"),
                    List.of(1L, (long) spec.hiddenSize()), List.of((long) spec.hiddenSize()));
        }
        boolean isNorm = p.role() == Role.BEFORE_WEIGHT || p.role() == Role.BEFORE_BIAS
                || p.role() == Role.AFTER_WEIGHT;
        return spec.mixer(p.place()) instanceof Experts experts && !isNorm ? ExpertGguf.source(experts, p, layer)
                : fused(spec.mixer(p.place()), p, layer, new Source.Stored(layer + inLayer(spec, p)));
    }

    /// Queries, keys and values lie in one tensor in files of the converter with `--fuse-qkv`.
    private static Source fused(Mixer mixer, Parameter p, String layer, Source apart) {
        if (!(mixer instanceof Attention a)) {
            return apart;
        }
        int queries = a.numHeads() * a.headSize();
        int keys = a.numKeyValueHeads() * a.headSize();
        int values = a.numKeyValueHeads() * a.valueSize();
        boolean isBias = p.role() == Role.QUERY_BIAS || p.role() == Role.KEY_BIAS || p.role() == Role.VALUE_BIAS;
        Source all = new Source.Stored(layer + "attn_qkv" + (isBias ? ".bias" : ".weight"));
        int total = queries + keys + values;
        return switch (p.role()) {
            case QUERY, QUERY_BIAS -> new Source.Either(apart, new Source.Rows(all, 0, queries, total));
            case KEY, KEY_BIAS -> new Source.Either(apart, new Source.Rows(all, queries, keys, total));
            case VALUE, VALUE_BIAS -> new Source.Either(apart, new Source.Rows(all, queries + keys, values, total));
            default -> apart;
        };
    }

    /// Whether queries, alone or fused with keys and values, have a bias.
    public static boolean hasQueryBias(Checkpoint checkpoint) {
        return checkpoint.names().contains("blk.0.attn_q.bias") || checkpoint.names().contains("blk.0.attn_qkv.bias");
    }

    /// Falcon calls the norm before the MLP that of attention, and that before attention its second.
    private String before(Parameter p, boolean attention) {
        return p.place().branch() == 0 || !architecture.equals("falcon") ? attention ? "attn_norm" : "ffn_norm"
                : attention ? "attn_norm_2" : "attn_norm";
    }

    private static String global(Parameter p) {
        return switch (p.role()) {
            case EMBEDDING -> "token_embd.weight";
            case EMBEDDING_NORM_WEIGHT -> "token_embd_norm.weight";
            case EMBEDDING_NORM_BIAS -> "token_embd_norm.bias";
            case POSITIONS -> "position_embd.weight";
            case FINAL_WEIGHT -> "output_norm.weight";
            case FINAL_BIAS -> "output_norm.bias";
            case HEAD -> "output.weight";
            case HEAD_BIAS -> "output.bias";
            default -> throw StandardNames.unknown(p);
        };
    }

    private String inLayer(ModelSpec spec, Parameter p) {
        Mixer mixer = spec.mixer(p.place());
        boolean attention = StandardNames.isAttention(mixer);
        return switch (p.role()) {
            case BEFORE_WEIGHT -> before(p, attention) + ".weight";
            case BEFORE_BIAS -> before(p, attention) + ".bias";
            case AFTER_WEIGHT -> attention ? "post_attention_norm.weight" : "post_ffw_norm.weight";
            case QUERY -> "attn_q.weight";
            case QUERY_BIAS -> "attn_q.bias";
            case KEY -> "attn_k.weight";
            case KEY_BIAS -> "attn_k.bias";
            case VALUE -> "attn_v.weight";
            case VALUE_BIAS -> "attn_v.bias";
            case OUTPUT -> "attn_output.weight";
            case OUTPUT_BIAS -> "attn_output.bias";
            case SINKS -> "attn_sinks.weight";
            case ATTENTION_GATE -> "attn_gate.weight";
            case SUB_NORM -> attention ? "attn_sub_norm.weight" : "ffn_sub_norm.weight";
            case QUERY_NORM -> "attn_q_norm.weight";
            case KEY_NORM -> "attn_k_norm.weight";
            case GATE -> "ffn_gate.weight";
            case GATE_BIAS -> "ffn_gate.bias";
            case UP -> "ffn_up.weight";
            case UP_BIAS -> "ffn_up.bias";
            case DOWN -> "ffn_down.weight";
            case DOWN_BIAS -> "ffn_down.bias";
            default -> throw StandardNames.unknown(p);
        };
    }

    /// The answers of a Qwen3 reranker, which are rows of its head.
    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return tensorName.equals(EncoderGguf.SCORES) && modelType.equals("qwen3");
    }
}
