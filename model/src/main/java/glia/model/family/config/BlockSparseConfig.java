package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.BlockSparseAttention;
import glia.model.spec.Norm;
import java.util.Map;

/// Reads block-sparse attention from configs: the keys of Transformers, and those of published configs in
/// `sparse_attention_config`, which win.
public final class BlockSparseConfig {
    private BlockSparseConfig() { }

    /// For each layer, whether its attention is sparse: by `layer_types`, else by `sparse_attention_freq`, else none.
    public static boolean[] layers(Config config) throws CheckpointException {
        Config settings = settings(config);
        return LayerList.read(config, "layer_types", "minimax_m3_sparse", "full_attention",
                settings.has("sparse_attention_freq") ? LayerList.numbers(settings, "sparse_attention_freq")
                        : layer -> false);
    }

    /// The attention of sparse layers.
    ///
    /// @param full the attention over all positions
    /// @param norm of index queries and keys
    public static BlockSparseAttention attention(Config config, Attention full, Norm.Rms norm)
            throws CheckpointException {
        return new BlockSparseAttention(full, size(config, "index_n_heads", "sparse_num_index_heads", 4),
                size(config, "index_head_dim", "sparse_index_dim", 128), norm, full.rope(),
                size(config, "index_block_size", "sparse_block_size", 128),
                size(config, "index_topk_blocks", "sparse_topk_blocks", 16),
                size(config, "index_local_blocks", "sparse_local_block", 1));
    }

    private static Config settings(Config config) throws CheckpointException {
        return config.child("sparse_attention_config", Map.of());
    }

    private static int size(Config config, String key, String published, int otherwise) throws CheckpointException {
        Config settings = settings(config);
        return settings.has(published) ? Numbers.count(settings, published, otherwise)
                : Numbers.count(config, key, otherwise);
    }
}
