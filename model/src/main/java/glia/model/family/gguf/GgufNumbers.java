package glia.model.family.gguf;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.spec.NumberRange;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The ranges of the numbers in GGUF metadata. All are checked before one is used, so that a message names the key of
/// the file and no count, however large, is worked through.
final class GgufNumbers {
    private static final Map<NumberRange, List<String>> KEYS = Map.of(
            NumberRange.LAYERS, List.of("block_count", "decoder_block_count"),
            NumberRange.EXPERTS, List.of("expert_count", "expert_shared_count", "expert_group_count",
                    "expert_group_used_count"),
            NumberRange.SIZE, List.of("context_length", "embedding_length", "vocab_size", "attention.key_length",
                    "attention.value_length", "attention.key_length_mla", "attention.value_length_mla",
                    "attention.key_length_swa", "attention.value_length_swa", "attention.kv_lora_rank",
                    "attention.q_lora_rank", "attention.relative_buckets_count", "attention.indexer.head_count",
                    "attention.indexer.key_length", "attention.indexer.top_k", "ssm.conv_kernel", "ssm.inner_size",
                    "shortconv.l_cache", "ssm.state_size", "ssm.time_step_rank", "ssm.group_count",
                    "rope.scaling.original_context_length"),
            NumberRange.COUNT, List.of("attention.head_count", "attention.head_count_kv", "feed_forward_length",
                    "expert_feed_forward_length", "expert_shared_feed_forward_length", "expert_used_count",
                    "leading_dense_block_count", "attention.sliding_window", "attention.shared_kv_layers",
                    "embedding_length_per_layer_input", "rope.dimension_count", "rope.dimension_count_swa",
                    "moe_latent_size", "interleave_moe_layer_step", "decoder_start_token_id", "expert_gating_func"),
            NumberRange.EPSILON, List.of("attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon",
                    "ssm.dt_b_c_rms_epsilon"),
            NumberRange.ROPE_THETA, List.of("rope.freq_base", "rope.freq_base_swa"),
            NumberRange.ROPE_FACTOR, List.of("rope.scaling.factor", "rope.scaling.yarn_beta_fast",
                    "rope.scaling.yarn_beta_slow"),
            NumberRange.FACTOR, List.of("embedding_scale", "residual_scale", "logit_scale", "attention.scale",
                    "expert_weights_scale", "attention.max_alibi_bias", "rope.scaling.attn_factor"),
            NumberRange.WEIGHT, List.of("attention.temperature_scale", "rope.scaling.yarn_log_multiplier"),
            NumberRange.CAP, List.of("attn_logit_softcapping", "final_logit_softcapping"));
    private static final Map<String, NumberRange> RANGES = new LinkedHashMap<>();

    static {
        KEYS.forEach((range, keys) -> keys.forEach(key -> RANGES.put(key, range)));
    }

    private GgufNumbers() { }

    /// @param prefix the architecture and a dot
    /// @throws CheckpointException if a number is outside of its range
    static void check(GgufMetadata metadata, String prefix) throws CheckpointException {
        for (Map.Entry<String, NumberRange> entry : RANGES.entrySet()) {
            String key = prefix + entry.getKey();
            if (metadata.has(key)) {
                check(metadata, key, entry.getValue());
            }
        }
    }

    private static void check(GgufMetadata metadata, String key, NumberRange range) throws CheckpointException {
        switch (metadata.raw(key)) {
            case Long _, Float _, Double _ -> check(metadata, key, metadata.real(key), range);
            case long[] list -> {
                for (long n : list) {
                    check(metadata, key, n, range);
                }
            }
            // A value of another type is refused by whoever reads it.
            default -> { }
        }
    }

    private static void check(GgufMetadata metadata, String key, double found, NumberRange range)
            throws CheckpointException {
        if (!range.holds(found)) {
            throw new CheckpointException(metadata.origin(), "metadata key " + key, "found " + NumberRange.text(found)
                    + ", expected " + range.expected());
        }
    }
}
