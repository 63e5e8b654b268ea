package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.RopeScaling;
import glia.model.spec.Temperature;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Ministral 3 in GGUF files: Llama's form with keys for the temperature and for YaRN's attention factor.
public final class Ministral3Gguf implements WrittenGguf {
    private static final List<GgufKey> KEYS = List.of(
            GgufKey.real("attention.temperature_scale", "llama_4_scaling_beta", facts -> facts.attention()
                    .flatMap(a -> a.temperature() instanceof Temperature.Logarithmic t ? Optional.of(t.rate())
                            : Optional.empty())),
            GgufKey.real("rope.scaling.yarn_log_multiplier", "mscale_all_dim", facts -> facts.rotary()
                    .flatMap(r -> r.scaling() instanceof RopeScaling.Yarn y ? Optional.of(RopeGguf.scale(y.factor(),
                            RopeScaling.Yarn.sharpening(y.factor(), 1) / y.attentionFactor())) : Optional.empty())));

    private final StandardGguf body = new StandardGguf("mistral3", "ministral3", StandardGguf.Rotation.INTERLEAVED);

    @Override
    public String architecture() {
        return body.architecture();
    }

    @Override
    public List<GgufKey> keys() {
        return GgufKey.join(GgufKey.without(body.keys(), "rope.scaling.attn_factor", "attention.sliding_window"), KEYS);
    }

    @Override
    public Map<String, float[]> further(ModelSpec spec) {
        return body.further(spec);
    }

    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = body.keys(metadata, checkpoint).copy(KEYS);
        Map<String, Object> config = keys.config();
        Map<String, Object> rope = new HashMap<>(config.get("rope_scaling") instanceof Map<?, ?> found
                ? copy(found) : Map.of("rope_type", "default"));
        for (String key : new String[] {"llama_4_scaling_beta", "mscale_all_dim"}) {
            if (config.containsKey(key)) {
                rope.put(key, config.remove(key));
            }
        }
        rope.put("mscale", 1.0);
        rope.put("rope_theta", config.getOrDefault("rope_theta", 1e6));
        rope.putIfAbsent("original_max_position_embeddings", config.get("max_position_embeddings"));
        config.remove("rope_scaling");
        config.put("rope_parameters", rope);
        return config;
    }

    private static Map<String, Object> copy(Map<?, ?> from) {
        Map<String, Object> to = new HashMap<>();
        from.forEach((key, value) -> to.put(key.toString(), value));
        return to;
    }

    @Override
    public ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException {
        return body.stored(spec, checkpoint);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return body.source(spec, p);
    }
}
