package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.gguf.Gemma4Gguf.Gemma4Keys;
import glia.model.layout.Source;
import glia.model.spec.Head;
import glia.model.spec.Mixer.AugmentedResidual;
import glia.model.spec.Mixer.SparseGatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.NormedAttention;
import glia.model.spec.Parallel;
import glia.model.spec.Parameter;
import glia.model.spec.PerLayerEmbedding;
import glia.model.spec.PerLayerEmbeddings;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.SharedKvAttention;
import glia.model.spec.Streams;
import glia.tensor.kernel.Activation.NormalDistribution;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// Gemma 3n in GGUF files. The per-layer embedding has a row for every token, and layers that share keys and values
/// have matrices for them too, which no reader uses.
public record Gemma3nGguf() implements WrittenGguf {
    private static final Gemma4Gguf BODY = new Gemma4Gguf();
    private static final String SPARSITY = "activation_sparsity_scale";
    private static final String LAYER_TABLE = "per_layer_token_embd.weight";
    private static final Pattern KEYS_AND_VALUES = Pattern.compile("blk\\.(\\d{1,4})\\.attn_(k|v|k_norm)\\.weight");
    /// Sparsities are decimals with few digits.
    private static final double DIGITS = 1e6;
    private static final List<GgufKey> KEYS = GgufKey.join(
            StandardGguf.sizes("num_hidden_layers", "max_position_embeddings", "hidden_size"),
            List.of(GgufKey.written("feed_forward_length", facts -> Optional.of(StateSpaceKeys.oneOrAll(
                            StateSpaceKeys.byLayer(facts.spec(), m -> GgufFacts.width(m).orElse(0))))),
                    GgufKey.count("attention.head_count", "num_attention_heads", facts -> own(facts).numHeads()),
                    GgufKey.count("attention.head_count_kv", "num_key_value_heads",
                            facts -> own(facts).numKeyValueHeads()),
                    GgufKey.count("attention.key_length", "head_dim", facts -> own(facts).headSize()),
                    GgufKey.written("attention.value_length", facts -> Optional.of(own(facts).headSize())),
                    GgufKey.real("attention.layer_norm_rms_epsilon", "rms_norm_eps", GgufFacts::epsilon),
                    GgufKey.count("attention.sliding_window", "sliding_window", facts -> Gemma4Keys.sliding(facts)
                            .span() instanceof Span.Sliding s ? s.window() : facts.spec().contextLength()),
                    Gemma4Keys.SLIDES,
                    GgufKey.optional("attention.shared_kv_layers", "num_kv_shared_layers", facts -> Optional.of(
                            (int) facts.mixers().filter(SharedKvAttention.class::isInstance).count())),
                    GgufKey.count("embedding_length_per_layer_input", "hidden_size_per_layer_input",
                            facts -> facts.first(PerLayerEmbedding.class).orElseThrow().size()),
                    GgufKey.written("rope.freq_base",
                            facts -> Optional.of((float) Gemma4Keys.full(facts).rotary().theta())),
                    GgufKey.written("rope.freq_base_swa",
                            facts -> Optional.of((float) Gemma4Keys.sliding(facts).rotary().theta())),
                    GgufKey.count("altup.active_idx", "altup_active_idx", facts -> facts.spec().sublayers().getFirst()
                            .residual() instanceof Residual.Predicted p ? p.active() : 0),
                    GgufKey.count("altup.num_inputs", "altup_num_inputs", facts -> facts.spec().streams()
                            .orElseThrow() instanceof Streams.Projected p ? p.count() : 0),
                    GgufKey.written(SPARSITY, facts -> Optional.of(cuts(facts.spec()))),
                    GgufKey.real("final_logit_softcapping", "final_logit_softcapping", facts ->
                            facts.spec().head().logits() instanceof Head.Logits.Capped capped
                                    ? Optional.of(capped.cap()) : Optional.empty())));

    private static NormedAttention own(GgufFacts facts) {
        return facts.first(NormedAttention.class).orElseThrow();
    }

    /// The standard deviations above the mean at which each layer's gates are cut.
    private static float[] cuts(ModelSpec spec) {
        float[] cuts = new float[spec.numLayers()];
        Arrays.fill(cuts, Float.NEGATIVE_INFINITY);
        spec.sublayers().stream().filter(s -> s.mixer() instanceof SparseGatedMlp).forEach(s -> cuts[s.layer()] =
                (float) NormalDistribution.quantile(((SparseGatedMlp) s.mixer()).sparsity()));
        return cuts;
    }

    /// The parts of a normal distribution below the cuts.
    private static List<Double> sparsities(float[] cuts) {
        List<Double> all = new ArrayList<>();
        for (float cut : cuts) {
            all.add(Math.rint(NormalDistribution.cdf(cut) * DIGITS) / DIGITS);
        }
        return all;
    }

    @Override
    public String architecture() {
        return "gemma3n";
    }

    @Override
    public List<GgufKey> keys() {
        return KEYS;
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = new GgufKeys(metadata, architecture(), "gemma3n_text");
        int numLayers = Math.toIntExact(keys.integer("block_count"));
        keys.put("num_kv_shared_layers", 0).put("altup_active_idx", 0).copy(KEYS)
                .put("intermediate_size", IntStream.of(keys.perLayer("feed_forward_length", numLayers)).boxed()
                        .toList())
                .put("laurel_rank", checkpoint.tensor("blk.0.laurel_l.weight").rows())
                .put("vocab_size_per_layer_input", checkpoint.tensor(LAYER_TABLE).rows())
                .put("altup_correct_scale", checkpoint.names().contains("blk.0.altup_correct_scale.weight"))
                .put("rope_parameters", Map.of("full_attention", Map.of("rope_type", "default", "rope_theta",
                        keys.real("rope.freq_base", 1_000_000)), "sliding_attention", Map.of("rope_type", "default",
                        "rope_theta", keys.real("rope.freq_base_swa", 10_000))))
                .vocabulary(checkpoint);
        return (keys.has(SPARSITY) ? keys.put("activation_sparsity_pattern",
                sparsities(metadata.floats(architecture() + "." + SPARSITY))) : keys).config();
    }

    @Override
    public ModelSpec written(ModelSpec spec) {
        PerLayerEmbeddings e = spec.embedding().perLayer().orElseThrow();
        return spec.with(spec.embedding().with(new PerLayerEmbeddings(spec.vocabSize(), e.numLayers(), e.size(),
                e.eps())));
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) {
        return spec;
    }

    @Override
    public Map<String, long[]> unused(ModelSpec spec) {
        NormedAttention a = own(new GgufFacts(spec));
        Map<String, long[]> unused = new LinkedHashMap<>();
        for (int i = 0; i < spec.sublayers().size(); i++) {
            if (shares(spec, i)) {
                String layer = "blk." + spec.sublayers().get(i).layer() + ".attn_";
                long rows = (long) a.numKeyValueHeads() * a.headSize();
                unused.put(layer + "k.weight", new long[] {rows, spec.hiddenSize()});
                unused.put(layer + "v.weight", new long[] {rows, spec.hiddenSize()});
                unused.put(layer + "k_norm.weight", new long[] {a.headSize()});
            }
        }
        return unused;
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        Matcher m = KEYS_AND_VALUES.matcher(tensorName);
        return m.matches() && IntStream.range(0, spec.sublayers().size()).anyMatch(i ->
                spec.sublayers().get(i).layer() == Integer.parseInt(m.group(1)) && shares(spec, i));
    }

    private static boolean shares(ModelSpec spec, int sublayer) {
        return spec.mixers(sublayer).stream().anyMatch(SharedKvAttention.class::isInstance);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            int others = spec.streams().map(Streams::count).orElse(2) - 1;
            return switch (p.role()) {
                case STREAM_INPUT -> new Source.Slice(new Source.Stored("altup_proj.weight"), p.expert(), others);
                case STREAM_OUTPUT ->
                        new Source.Slice(new Source.Stored("altup_unembd_proj.weight"), p.expert(), others);
                default -> BODY.source(spec, p);
            };
        }
        String layer = "blk." + spec.sublayer(p).layer() + ".";
        Mixer mixer = spec.mixer(p.place());
        return switch (p.role()) {
            case ROUTER_NORM -> new Source.Stored(layer + "altup_router_norm.weight");
            case ROUTER -> new Source.Stored(layer + "altup_router.weight");
            case PREDICTION -> new Source.Stored(layer + "altup_predict_coef.weight");
            case CORRECTION -> new Source.Stored(layer + "altup_correct_coef.weight");
            case LAYER_SCALE -> new Source.Stored(layer + "altup_correct_scale.weight");
            case RESIDUAL_NORM -> new Source.Stored(layer + "laurel_post_norm.weight");
            case BEFORE_WEIGHT -> new Source.Stored(layer + (mixer instanceof Parallel ? "attn_norm.weight"
                    : "ffn_norm.weight"));
            case AFTER_WEIGHT -> new Source.Stored(layer + (mixer instanceof PerLayerEmbedding ? "post_norm.weight"
                    : p.place().branch() > 0 ? "post_attention_norm.weight" : "post_ffw_norm.weight"));
            case DOWN, UP -> mixer instanceof AugmentedResidual ? new Source.Stored(layer
                    + (p.role() == Role.DOWN ? "laurel_l.weight" : "laurel_r.weight"))
                    : BODY.source(spec, p);
            default -> BODY.source(spec, p);
        };
    }
}
