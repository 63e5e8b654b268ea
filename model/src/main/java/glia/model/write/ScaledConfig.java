package glia.model.write;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.Families;
import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parallel;
import glia.model.spec.Rope;
import glia.model.spec.RopeChange;
import glia.model.spec.RopeScaling;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// The config of a model whose rotary positions have another scaling than its files (`Model.with(RopeChange)`): base,
/// scaling and context, in the layout that the config has.
final class ScaledConfig {
    private static final String CONTEXT = "max_position_embeddings";
    private static final String PARAMETERS = "rope_parameters";
    private static final String FULL = "full_attention";

    private ScaledConfig() { }

    /// The config with a scaling; the same without one.
    ///
    /// @throws CheckpointException if config.json of the family has no key for it
    static Config of(Config config, Optional<RopeChange> change) throws CheckpointException {
        if (change.isEmpty()) {
            return config;
        }
        ModelSpec before = Families.spec(config);
        ModelSpec after = change.get().apply(before);
        boolean isNested = config.isObject("text_config");
        Config inner = isNested ? config.child("text_config") : config;
        inner = scaled(inner, changed(before, after)).with(CONTEXT, after.contextLength());
        Config scaled = isNested ? config.with("text_config", inner.values()) : inner;
        Optional<String> difference = SpecDifference.find(after, Families.spec(scaled));
        if (difference.isPresent()) {
            throw new CheckpointException(config.origin(), "", "cannot have this scaling of rotary positions: config"
                    + ".json of the family '" + after.modelType() + "' has no key for it: " + difference.get());
        }
        return scaled;
    }

    /// The rotary positions of the first layer where they differ, or of the first that has any.
    private static Rope.Rotary changed(ModelSpec before, ModelSpec after) {
        List<Rope> old = ropes(before);
        List<Rope> now = ropes(after);
        Rope rope = IntStream.range(0, now.size()).filter(i -> !now.get(i).equals(old.get(i))).mapToObj(now::get)
                .findFirst().orElse(now.getFirst());
        return rope instanceof Rope.Axial axial ? axial.rotary() : (Rope.Rotary) rope;
    }

    private static List<Rope> ropes(ModelSpec spec) {
        return spec.allSublayers().stream().flatMap(s -> Parallel.all(s.mixer()).stream())
                .filter(Attention.class::isInstance).map(m -> ((Attention) m).rope())
                .filter(r -> !(r instanceof Rope.None)).toList();
    }

    private static Config scaled(Config config, Rope.Rotary rope) throws CheckpointException {
        if (!config.isObject(PARAMETERS)) {
            Config based = config.with("rope_theta", rope.theta());
            return rope.scaling() instanceof RopeScaling.None ? based.without("rope_scaling")
                    : based.with("rope_scaling", settings(rope.scaling()));
        }
        Config all = config.child(PARAMETERS);
        boolean byKind = all.isObject(FULL);
        Map<String, Object> own = new LinkedHashMap<>(settings(rope.scaling()));
        Config old = byKind ? all.child(FULL) : all;
        own.put("rope_theta", rope.theta());
        for (String kept : List.of("partial_rotary_factor", "mrope_section", "mrope_interleaved")) {
            if (old.has(kept)) {
                own.put(kept, old.values().get(kept));
            }
        }
        return config.with(PARAMETERS, byKind ? all.with(FULL, own).values() : own);
    }

    private static Map<String, Object> settings(RopeScaling scaling) {
        Map<String, Object> all = new LinkedHashMap<>();
        switch (scaling) {
            case RopeScaling.Linear l -> {
                all.put("rope_type", "linear");
                all.put("factor", l.factor());
            }
            case RopeScaling.Yarn y -> {
                all.put("rope_type", "yarn");
                all.put("factor", y.factor());
                all.put("original_max_position_embeddings", y.originalContext());
                all.put("beta_fast", y.betaFast());
                all.put("beta_slow", y.betaSlow());
                all.put("truncate", y.truncate());
                all.put("attention_factor", y.attentionFactor());
            }
            case RopeScaling.Llama3 l -> {
                all.put("rope_type", "llama3");
                all.put("factor", l.factor());
                all.put("low_freq_factor", l.lowFactor());
                all.put("high_freq_factor", l.highFactor());
                all.put("original_max_position_embeddings", l.originalContext());
            }
            default -> all.put("rope_type", "default");
        }
        return all;
    }
}
