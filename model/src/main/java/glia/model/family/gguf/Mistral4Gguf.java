package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.layout.Source;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Temperature;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Mistral Small 4 in GGUF files: DeepSeek's form with keys of the temperature.
public record Mistral4Gguf() implements WrittenGguf {
    private static final LatentGguf BODY = new LatentGguf("mistral4", "mistral4");
    private static final String RATE = "attention.temperature_scale";
    private static final String STEP = "attention.temperature_length";
    private static final String SCALING = "rope_scaling";
    private static final List<GgufKey> KEYS = List.of(
            GgufKey.written(RATE, facts -> temperature(facts).map(t -> (float) t.rate())),
            GgufKey.written(STEP, facts -> temperature(facts).map(Temperature.Logarithmic::step)));

    private static Optional<Temperature.Logarithmic> temperature(GgufFacts facts) {
        return facts.first(LatentAttention.class).map(LatentAttention::temperature)
                .filter(Temperature.Logarithmic.class::isInstance).map(Temperature.Logarithmic.class::cast);
    }

    @Override
    public String architecture() {
        return BODY.architecture();
    }

    @Override
    public List<GgufKey> keys() {
        return GgufKey.join(BODY.keys(), KEYS);
    }

    @Override
    public ModelSpec written(ModelSpec spec) {
        return BODY.written(spec);
    }

    /// Of config.json's settings of RoPE one is the temperature.
    @Override
    public Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException {
        GgufKeys keys = new GgufKeys(metadata, architecture(), BODY.modelType());
        Map<String, Object> config = BODY.config(metadata, checkpoint);
        Map<String, Object> rope = new HashMap<>(Map.of("rope_type", "default"));
        if (config.remove(SCALING) instanceof Map<?, ?> scaling) {
            scaling.forEach((key, value) -> rope.put(key.toString(), value));
        }
        rope.put("rope_theta", config.getOrDefault("rope_theta", 10_000.0));
        if (keys.has(RATE)) {
            rope.put("llama_4_scaling_beta", keys.number(RATE));
            rope.put("original_max_position_embeddings", keys.has(STEP) ? keys.integer(STEP)
                    : rope.getOrDefault("original_max_position_embeddings", config.get("max_position_embeddings")));
        }
        config.put("rope_parameters", rope);
        config.put("model_type", BODY.modelType());
        config.remove("scoring_func");
        config.remove("topk_method");
        return config;
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
        return BODY.ignores(spec, tensorName);
    }
}
