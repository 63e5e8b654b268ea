package glia.model.family;

import glia.io.Checkpoint;
import glia.io.CheckpointException;

/// The config of MPT from GGUF metadata.
final class MptGguf {
    private MptGguf() { }

    static GgufKeys keys(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        return keys.integer("embedding_length", "d_model").integer("block_count", "n_layers")
                .integer("attention.head_count", "n_heads").integer("context_length", "max_seq_len")
                .real("attention.layer_norm_epsilon", "layer_norm_epsilon")
                .put("expansion_ratio", keys.quotient("feed_forward_length", "embedding_length"))
                .real("attention.clamp_kqv", "clip_qkv").real("attention.max_alibi_bias", "alibi_bias_max")
                .move("attn_config", "clip_qkv", "alibi_bias_max");
    }
}
