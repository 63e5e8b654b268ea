package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Experts;
import glia.model.spec.Head;
import glia.model.spec.Mixer.NormedExperts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.NormedAttention;
import glia.model.spec.Parameter;
import glia.model.spec.PerLayerEmbedding;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.SharedKvAttention;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.kernel.Span;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/// Gemma 4 in GGUF files: sliding-window layers have separate size keys, key-value heads may be listed per layer, and
/// `rope_freqs.weight` selects the rotated pairs of full layers.
public record Gemma4Gguf() implements WrittenGguf {
    private static final StandardGguf BODY = new StandardGguf("gemma4", "gemma4_text",
            StandardGguf.Rotation.HALF_SPLIT);
    private static final String DIVISORS = "rope_freqs.weight";
    private static final String LAYER_EMBEDDING = "per_layer_token_embd.weight";
    private static final double FULL_BASE = 1_000_000;
    private static final double SLIDING_BASE = 10_000;
    /// A divisor of this or more stops the rotation.
    private static final float STOPPED = 1e20f;

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = new GgufKeys(metadata, architecture(), BODY.modelType());
        int numLayers = Math.toIntExact(keys.integer("block_count"));
        int[] widths = keys.perLayer("feed_forward_length", numLayers);
        int following = keys.has("attention.shared_kv_layers")
                ? Math.toIntExact(keys.integer("attention.shared_kv_layers")) : 0;
        if (checkpoint.names().contains(LAYER_EMBEDDING)) {
            keys.put("vocab_size_per_layer_input", checkpoint.tensor(LAYER_EMBEDDING).rows());
        }
        return keys.put("num_kv_shared_layers", 0).put("hidden_size_per_layer_input", 0).copy(Gemma4Keys.ALL)
                .put("intermediate_size", widths[0])
                .put("use_double_wide_mlp", widths[numLayers - 1] > widths[0])
                .put("enable_moe_block", keys.has("expert_count"))
                .put("attention_k_eq_v",
                        hasLayerWithoutValues(numLayers - following, checkpoint))
                .put("per_layer_config", heads(keys.perLayer("attention.head_count_kv", numLayers)))
                .put("rope_parameters", rotation(keys, checkpoint))
                .vocabulary(checkpoint).config();
    }

    @Override
    public List<GgufKey> keys() {
        return Gemma4Keys.ALL;
    }

    @Override
    public Map<String, float[]> further(ModelSpec spec) {
        return Map.of(DIVISORS, Gemma4Keys.divisors(new GgufFacts(spec)));
    }

    private static boolean hasLayerWithoutValues(int numLayers, Checkpoint checkpoint) {
        return IntStream.range(0, numLayers)
                .anyMatch(layer -> !checkpoint.names().contains("blk." + layer + ".attn_v.weight"));
    }

    private static Map<String, Object> heads(int[] counts) {
        Map<String, Object> layers = new HashMap<>();
        for (int layer = 0; layer < counts.length; layer++) {
            layers.put("" + layer, Map.of("num_key_value_heads", counts[layer]));
        }
        return layers;
    }

    private static Map<String, Object> rotation(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        return Map.of("full_attention", Map.of("rope_type", "proportional",
                "rope_theta", keys.real("rope.freq_base", FULL_BASE),
                "partial_rotary_factor", turning(keys, checkpoint)),
                "sliding_attention", Map.of("rope_theta", keys.real("rope.freq_base_swa", SLIDING_BASE)));
    }

    /// The fraction of rotated pairs; the frequencies of the others are divided by a huge number.
    private static double turning(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        Tensor divisors = checkpoint.tensor(DIVISORS);
        float[] values = new float[Math.toIntExact(divisors.size())];
        Decode.toFloats(divisors, 0, values, 0, values.length);
        int count = 0;
        while (count < values.length && values[count] == 1) {
            count++;
        }
        for (int i = count; i < values.length; i++) {
            if (values[i] < STOPPED) {
                throw keys.error(DIVISORS, "found " + values[i] + " at index " + i
                        + ", expected 1 for rotated pairs, then 1e30 for the others");
            }
        }
        return count == values.length ? 1 : Math.nextUp((double) count / values.length);
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) {
        return spec;
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return switch (p.role()) {
                case LAYER_EMBEDDING -> new Source.Stored(LAYER_EMBEDDING);
                case LAYER_PROJECTION -> new Source.Stored("per_layer_model_proj.weight");
                case LAYER_PROJECTION_NORM -> new Source.Stored("per_layer_proj_norm.weight");
                default -> BODY.source(spec, p);
            };
        }
        String layer = "blk." + spec.sublayer(p).layer() + ".";
        if (spec.mixer(p.place()) instanceof PerLayerEmbedding) {
            return new Source.Stored(layer + ofToken(p));
        }
        boolean attends = spec.mixer(p.place()) instanceof NormedAttention
                || spec.mixer(p.place()) instanceof SharedKvAttention;
        String branch = p.place().branch() == 0 ? "" : "_" + p.place().branch();
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(layer + (attends ? "attn_norm.weight" : "ffn_norm.weight"));
            case AFTER_WEIGHT -> new Source.Stored(layer + (attends ? "post_attention_norm.weight"
                    : "post_ffw_norm" + branch + ".weight"));
            case EXPERT_NORM -> new Source.Stored(layer + "pre_ffw_norm_2.weight");
            case ROUTER_NORM -> new Source.Stored(layer + "ffn_gate_inp.scale");
            case EXPERT_SCALE -> new Source.Stored(layer + "ffn_down_exps.scale");
            case LAYER_SCALE -> new Source.Stored(layer + "layer_output_scale.weight");
            default -> spec.mixer(p.place()) instanceof NormedExperts e ? expert(e.experts(), p, layer)
                    : BODY.source(spec, p);
        };
    }

    /// Files of this family may stack gate and up in one tensor.
    private static Source expert(Experts experts, Parameter p, String layer) {
        boolean half = p.role() == Role.GATE || p.role() == Role.UP;
        return half ? new Source.Either(ExpertGguf.joined(experts, p, layer), ExpertGguf.source(experts, p, layer))
                : ExpertGguf.source(experts, p, layer);
    }

    private static String ofToken(Parameter p) {
        return switch (p.role()) {
            case GATE -> "inp_gate.weight";
            case DOWN -> "proj.weight";
            case AFTER_WEIGHT -> "post_norm.weight";
            case LAYER_SCALE -> "layer_output_scale.weight";
            default -> throw StandardNames.unknown(p);
        };
    }

    /// The keys of Gemma 4 in GGUF files: most exist twice, for full layers and, with the suffix `_swa`, for
    /// sliding-window layers.
    static final class Gemma4Keys {
        /// The layers with a sliding window.
        static final GgufKey SLIDES = new GgufKey("attention.sliding_window_pattern", GgufKeys::slides,
                facts -> Optional.of(IntStream.of(StateSpaceKeys.byLayer(facts.spec(), m ->
                        attends(m).filter(a -> a.span() instanceof Span.Sliding).isPresent() ? 1 : 0))
                        .mapToObj(i -> i > 0).toList()));
        static final List<GgufKey> ALL = GgufKey.join(
                StandardGguf.sizes("num_hidden_layers", "max_position_embeddings", "hidden_size"), ExpertGguf.KEYS,
                List.of(
                GgufKey.optional("expert_used_count", "top_k_experts", facts -> facts.router().map(r -> r.numChosen())),
                GgufKey.written("feed_forward_length", facts -> Optional.of(StateSpaceKeys.oneOrAll(
                        StateSpaceKeys.byLayer(facts.spec(), m -> GgufFacts.width(m).orElse(0))))),
                GgufKey.count("attention.head_count", "num_attention_heads",
                        facts -> facts.first(NormedAttention.class).orElseThrow().numHeads()),
                GgufKey.written("attention.head_count_kv",
                        facts -> Optional.of(StateSpaceKeys.byLayer(facts.spec(), Gemma4Keys::numKeyValueHeads))),
                GgufKey.real("attention.layer_norm_rms_epsilon", "rms_norm_eps", GgufFacts::epsilon),
                GgufKey.count("attention.sliding_window", "sliding_window",
                        facts -> sliding(facts) instanceof Attends(int size, Rope rope, Span.Sliding window)
                                ? window.window() : facts.spec().contextLength()),
                SLIDES,
                GgufKey.optional("attention.shared_kv_layers", "num_kv_shared_layers", facts -> Optional.of(
                        (int) facts.mixers().filter(SharedKvAttention.class::isInstance).count())),
                GgufKey.optional("embedding_length_per_layer_input", "hidden_size_per_layer_input", facts ->
                        Optional.of(facts.first(PerLayerEmbedding.class).map(PerLayerEmbedding::size).orElse(0))),
                GgufKey.count("attention.key_length", "global_head_dim", facts -> full(facts).headSize()),
                GgufKey.count("attention.key_length_swa", "head_dim", facts -> sliding(facts).headSize()),
                written("attention.value_length", facts -> full(facts).headSize()),
                written("attention.value_length_swa", facts -> sliding(facts).headSize()),
                written("rope.dimension_count", facts -> full(facts).rotary().rotatedSize()),
                written("rope.dimension_count_swa", facts -> sliding(facts).rotary().rotatedSize()),
                written("rope.freq_base", facts -> (float) full(facts).rotary().theta()),
                written("rope.freq_base_swa", facts -> (float) sliding(facts).rotary().theta()),
                GgufKey.real("final_logit_softcapping", "final_logit_softcapping", facts ->
                        facts.spec().head().logits() instanceof Head.Logits.Capped capped ? Optional.of(capped.cap())
                                : Optional.empty())));
        /// The divisor that stops a pair's rotation.
        private static final float STANDING = 1e30f;

        private Gemma4Keys() { }

        /// The common properties of both kinds of attention.
        record Attends(int headSize, Rope rope, Span span) {
            Rope.Rotary rotary() {
                return (Rope.Rotary) rope;
            }
        }

        private static GgufKey written(String key, Function<GgufFacts, Object> value) {
            return GgufKey.written(key, facts -> Optional.of(value.apply(facts)));
        }

        private static Optional<Attends> attends(Mixer mixer) {
            return switch (mixer) {
                case NormedAttention a -> Optional.of(new Attends(a.headSize(), a.rope(), a.span()));
                case SharedKvAttention a -> Optional.of(new Attends(a.headSize(), a.rope(), a.span()));
                default -> Optional.empty();
            };
        }

        private static int numKeyValueHeads(Mixer mixer) {
            return switch (mixer) {
                case NormedAttention a -> a.numKeyValueHeads();
                case SharedKvAttention a -> a.numKeyValueHeads();
                default -> 0;
            };
        }

        /// The first full layer, else the first layer.
        static Attends full(GgufFacts facts) {
            return first(facts, false);
        }

        static Attends sliding(GgufFacts facts) {
            return first(facts, true);
        }

        private static Attends first(GgufFacts facts, boolean slides) {
            List<Attends> all = facts.mixers().flatMap(m -> attends(m).stream()).toList();
            return all.stream().filter(a -> a.span() instanceof Span.Sliding == slides).findFirst()
                    .orElse(all.getFirst());
        }

        /// The frequency divisors of full layers: 1 for rotated pairs, 1e30 for others.
        static float[] divisors(GgufFacts facts) {
            Rope.Rotary rope = full(facts).rotary();
            double[] ones = new double[rope.rotatedSize() / 2];
            Arrays.fill(ones, 1);
            double[] scaled = rope.scaling().scale(ones, rope.theta(), 1);
            float[] divisors = new float[ones.length];
            for (int i = 0; i < ones.length; i++) {
                divisors[i] = scaled[i] == 0 ? STANDING : 1;
            }
            return divisors;
        }
    }
}
