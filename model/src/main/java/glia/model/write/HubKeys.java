package glia.model.write;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.fresh.NewModels;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Rewrites the config of a GGUF file with the keys that Transformers reads: its class, the family's own key of the
/// number of experts, sizes of heads layer by layer, and integers where it requires them.
final class HubKeys {
    private static final String CLASS = "architectures";
    private static final String EXPERTS = "num_experts";
    private static final String KEY_VALUE_HEADS = "num_key_value_heads";
    private static final String SIZES = "per_layer_config";
    private static final String FULL_SIZE = "global_head_dim";
    private static final String ATTENTION = "attn_config";
    private static final String ALIBI = "alibi_bias_max";
    private static final Set<String> ROUTED = Set.of("deepseek_v2", "deepseek_v3", "kimi_k2", "deepseek_v32",
            "glm4_moe", "glm_moe_dsa", "nemotron_h");
    private static final Set<String> LOCAL = Set.of("gpt_oss", "granitemoehybrid", "llama4_text", "minimax",
            "minimax_m2", "mixtral");

    private HubKeys() { }

    static Config of(Config config) throws CheckpointException {
        return architecture(integerAlibi(headSizes(latentHeads(experts(config)))));
    }

    /// The class of Transformers, by which servers choose their implementation.
    private static Config architecture(Config config) throws CheckpointException {
        String type = config.text("model_type");
        return config.has(CLASS) ? config : NewModels.families().stream().filter(f -> f.modelType().equals(type))
                .findFirst().map(f -> config.with(CLASS, List.of(f.architecture()))).orElse(config);
    }

    /// Latent attention has as many key-value heads as heads, which Transformers does not conclude.
    private static Config latentHeads(Config config) throws CheckpointException {
        return config.has("kv_lora_rank") && !config.has(KEY_VALUE_HEADS)
                ? config.with(KEY_VALUE_HEADS, config.integer("num_attention_heads")) : config;
    }

    private static Config experts(Config config) throws CheckpointException {
        String type = config.text("model_type");
        boolean isRouted = ROUTED.contains(type);
        if (!config.has(EXPERTS) || !isRouted && !LOCAL.contains(type)) {
            return config;
        }
        return config.without(EXPERTS).with(isRouted ? "n_routed_experts" : "num_local_experts",
                config.integer(EXPERTS));
    }

    /// Transformers ignores the size of full layers beside settings of single layers.
    private static Config headSizes(Config config) throws CheckpointException {
        if (!config.has(SIZES) || !config.has(FULL_SIZE) || !config.has("layer_types")) {
            return config;
        }
        String[] types = config.strings("layer_types");
        Map<String, Object> layers = new TreeMap<>();
        for (int layer = 0; layer < types.length; layer++) {
            Map<String, Object> own = new TreeMap<>();
            config.child(SIZES).child("" + layer, Map.of()).values().forEach((key, value) ->
                    own.put((String) key, value));
            if (types[layer].equals("full_attention")) {
                own.put("head_dim", config.integer(FULL_SIZE));
            }
            layers.put("" + layer, own);
        }
        return config.without(FULL_SIZE).with(SIZES, layers);
    }

    private static Config integerAlibi(Config config) throws CheckpointException {
        Config attention = config.child(ATTENTION, Map.of());
        boolean isInteger = attention.has(ALIBI) && attention.real(ALIBI) == Math.rint(attention.real(ALIBI));
        return isInteger ? config.with(ATTENTION, attention.with(ALIBI, (int) attention.real(ALIBI)).values()) : config;
    }
}
