package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// `per_layer_config`: settings of single layers, by the layer's index, which override those of the whole model.
public final class PerLayerConfig {
    private static final String KEY = "per_layer_config";
    private static final Set<String> HEADS = Set.of("head_dim", "num_key_value_heads");
    private static final Map<String, Set<String>> SUPPORTED =
            Map.of("gemma4_text", HEADS, "gemma4_unified_text", HEADS, "diffusion_gemma_text", HEADS);

    private PerLayerConfig() { }

    /// Requires that a config, and that of its text model, overrides only what its family reads.
    ///
    /// @throws CheckpointException if a layer has a setting of its own that would be ignored
    public static void requireSupported(Config config) throws CheckpointException {
        if (config.has("text_config")) {
            requireSupported(config.child("text_config"));
        }
        if (!config.has(KEY)) {
            return;
        }
        Set<String> supported = SUPPORTED.getOrDefault(config.text("model_type", ""), Set.of());
        Config all = config.child(KEY);
        for (String layer : all.keys()) {
            for (Map.Entry<?, ?> own : all.child(layer).values().entrySet()) {
                String name = (String) own.getKey();
                if (!supported.contains(name) && !Objects.equals(own.getValue(), config.values().get(name))) {
                    throw config.error(KEY, "layer " + layer + " has its own " + name + ", which is not supported");
                }
            }
        }
    }
}
