package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// MiMo-V2 in GGUF files: layers with a sliding window have more key-value heads and a RoPE base of their own.
public record MimoGguf() implements WrittenGguf {
    private static final StandardGguf BODY =
            new StandardGguf("mimo2", "mimo_v2_flash", StandardGguf.Rotation.HALF_SPLIT);
    private static final String HEADS = "attention.head_count_kv";
    private static final String SLIDING_BASE = "rope.freq_base_swa";
    private static final double FULL_THETA = 5_000_000;
    private static final double SLIDING_THETA = 10_000;
    private static final List<GgufKey> KEYS = GgufKey.join(
            StandardGguf.sizes("num_hidden_layers", "max_position_embeddings", "hidden_size"),
            List.of(GgufKey.count("feed_forward_length", "intermediate_size", GgufFacts::width),
                    StandardGguf.heads("num_attention_heads"),
                    GgufKey.written(HEADS, facts -> Optional.of(StateSpaceKeys.byLayer(facts.spec(),
                            m -> m instanceof Attention a ? a.numKeyValueHeads() : 0))),
                    GgufKey.real("attention.layer_norm_rms_epsilon", "rms_norm_eps", GgufFacts::epsilon),
                    GgufKey.optional("attention.key_length", "head_dim",
                            facts -> facts.attention().map(Attention::headSize)),
                    GgufKey.optional("attention.value_length", "v_head_dim",
                            facts -> facts.attention().map(Attention::valueSize)),
                    GgufKey.real("attention.value_scale", "attention_value_scale", facts -> facts.spec().sublayers()
                            .getFirst().residual() instanceof Residual.Add add ? Optional.of(add.scale())
                            : Optional.empty()),
                    GgufKey.optional("attention.sliding_window", "sliding_window", GgufFacts::window),
                    StandardGguf.SLIDES,
                    GgufKey.written(SLIDING_BASE, facts -> facts.sliding().map(r -> (float) r.theta())),
                    ExpertGguf.GATING),
            RopeGguf.KEYS, ExpertGguf.KEYS, ExpertGguf.WEIGHTS, ExpertGguf.GROUPS);

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public List<GgufKey> keys() {
        return KEYS;
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = ExpertGguf.experts(new GgufKeys(metadata, architecture(), BODY.modelType()).copy(KEYS));
        int numLayers = Math.toIntExact((long) keys.config().get("num_hidden_layers"));
        List<?> kinds = keys.config().get("layer_types") instanceof List<?> all && all.size() >= numLayers
                ? all.subList(0, numLayers) : Collections.nCopies(numLayers, "full_attention");
        int[] heads = keys.perLayer(HEADS, numLayers);
        int full = kinds.indexOf("full_attention");
        double part = Math.nextUp((double) keys.integer("rope.dimension_count") / keys.integer("attention.key_length"));
        return keys.put("layer_types", kinds)
                .kinds(checkpoint, "mlp_layer_types", "ffn_gate_inp.weight", "sparse", "dense")
                .put("num_key_value_heads", full < 0 ? heads[0] / 2 : heads[full])
                .put("rope_parameters", Map.of(
                        "full_attention", rope(keys.real("rope.freq_base", FULL_THETA), part),
                        "sliding_attention", rope(keys.real(SLIDING_BASE, SLIDING_THETA), part)))
                .put("attention_bias", StandardGguf.hasQueryBias(checkpoint))
                .vocabulary(checkpoint).config();
    }

    private static Map<String, Object> rope(double theta, double part) {
        return Map.of("rope_type", "default", "rope_theta", theta, "partial_rotary_factor", part);
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return BODY.stored(spec, checkpoint);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return BODY.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return StandardNames.isBeyondLayers(spec, tensorName);
    }
}
