package glia.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.Families;
import glia.model.spec.ModelSpec;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Published configs have other keys than those that Transformers saves; both describe the same model.
class PublishedKeysTest {
    private static ModelSpec spec(String golden, List<String> without, Map<String, ?> with) throws CheckpointException {
        Path file = Path.of("../engine/src/test/resources/golden", golden, "config.json");
        Map<String, Object> values = new HashMap<>();
        Config.read(file).values().forEach((key, value) -> values.put((String) key, value));
        without.forEach(values::remove);
        values.putAll(with);
        return Families.spec(Config.of(file, values));
    }

    private static void same(String golden, List<String> without, Map<String, ?> with) throws CheckpointException {
        assertEquals(spec(golden, List.of(), Map.of()), spec(golden, without, with));
    }

    @Test
    void deepseekV4() throws CheckpointException {
        same("deepseek_v4", List.of("layer_types", "mlp_layer_types", "compress_rates", "partial_rotary_factor",
                "rope_parameters"), Map.of("compress_ratios", List.of(0, 128, 4, 128, 4, 0, 0),
                "compress_rate_hca", 8, "num_hash_layers", 2, "qk_rope_head_dim", 8,
                "rope_scaling", Map.of("type", "yarn", "factor", 4.0, "original_max_position_embeddings", 64,
                        "beta_fast", 32, "beta_slow", 1)));
    }

    /// The reference has these keys and computes without them.
    @Test
    void keysWithoutEffect() throws CheckpointException {
        same("deepseek_v4", List.of(), Map.of("attention_bias", true));
    }

    /// Files of Transformers 5 have the base in `rope_parameters`, beside a default in `attn_config`.
    @Test
    void dbrx() throws CheckpointException {
        Map<String, Object> attending = Map.of("kv_n_heads", 2, "clip_qkv", 8.0, "rope_theta", 500_000.0);
        Map<String, Object> defaults = Map.of("kv_n_heads", 2, "clip_qkv", 8.0, "rope_theta", 10_000.0);
        assertEquals(spec("dbrx", List.of("rope_parameters"), Map.of("attn_config", attending)),
                spec("dbrx", List.of(), Map.of("attn_config", defaults,
                        "rope_parameters", Map.of("rope_theta", 500_000.0, "rope_type", "default"))));
    }

    @Test
    void miniMaxM3() throws CheckpointException {
        same("minimax_m3", List.of("layer_types", "mlp_layer_types", "index_block_size", "index_head_dim",
                "index_local_blocks", "index_n_heads", "index_topk_blocks"), Map.of(
                "rope_parameters", Map.of("rope_theta", 10_000.0, "rope_type", "default"),
                "moe_layer_freq", List.of(0, 1, 1, 1),
                "sparse_attention_config", Map.of("sparse_num_index_heads", 2, "sparse_index_dim", 8,
                        "sparse_block_size", 4, "sparse_topk_blocks", 3, "sparse_local_block", 1,
                        "sparse_attention_freq", List.of(0, 1, 1, 0))));
    }

    @Test
    void miMoV2Flash() throws CheckpointException {
        same("mimo_v2_flash", List.of("layer_types", "mlp_layer_types", "sliding_window"), Map.of(
                "hybrid_layer_pattern", List.of(0, 1, 1, 1, 0), "moe_layer_freq", List.of(0, 1, 1, 1, 1),
                "sliding_window_size", 5, "swa_num_key_value_heads", 4));
    }
}
