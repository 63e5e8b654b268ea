package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import java.util.Map;

/// Reads the config of the text model of a multimodal model.
public final class TextConfig {
    /// Text models that are another family, or the same, with other defaults.
    private static final Map<String, String> OTHER_NAMES =
            Map.of("qwen2_vl_text", "qwen2", "qwen2_5_vl_text", "qwen2", "qwen3_vl_text", "qwen3",
                    "qwen3_vl_moe_text", "qwen3_vl_moe_text", "glm4v_moe_text", "glm4_moe", "emu3_text_model", "llama",
                    "qwen2_5_omni_text", "qwen2", "qwen3_omni_moe_text", "qwen3_moe");
    private static final Map<String, Object> QWEN2_VL =
            Map.of("rms_norm_eps", 1e-5, "rope_theta", 1e6, "num_key_value_heads", 8, "max_window_layers", 80);
    private static final Map<String, Map<String, Object>> DEFAULTS = Map.of(
            "qwen2_vl_text", QWEN2_VL, "qwen2_5_vl_text", QWEN2_VL,
            "qwen2_5_omni_text", Map.of("rope_theta", 1e6, "num_key_value_heads", 4, "max_window_layers", 28),
            "qwen3_omni_moe_text", Map.of("rope_theta", 1e6, "num_key_value_heads", 4),
            "emu3_text_model", Map.of("rms_norm_eps", 1e-5, "rope_theta", 1e6, "num_key_value_heads", 8,
                    "max_position_embeddings", 9216),
            "glm4v_moe_text", Map.of("attention_bias", true, "max_position_embeddings", 65_536),
            "qwen3_vl_moe_text", Map.of("rope_theta", 5e5, "max_position_embeddings", 128_000,
                    "num_key_value_heads", 16, "moe_intermediate_size", 1408, "num_experts_per_tok", 4),
            "qwen3_vl_text", Map.of("rope_theta", 5e5, "max_position_embeddings", 128_000));

    private TextConfig() { }

    /// @param textType the default `model_type` of `text_config`
    public static Config read(Config config, String textType) throws CheckpointException {
        // Older configs of some models have everything in one.
        Config text = config.has("text_config") ? config.child("text_config") : config;
        String type = config.has("text_config") ? text.text("model_type", textType) : textType;
        if (!OTHER_NAMES.containsKey(type)) {
            return text.with("model_type", type);
        }
        text = text.with("model_type", OTHER_NAMES.get(type));
        for (Map.Entry<String, Object> entry : DEFAULTS.get(type).entrySet()) {
            if (!text.mentions(entry.getKey())) {
                text = text.with(entry.getKey(), entry.getValue());
            }
        }
        return text;
    }
}
