package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.LatentAttention.Expansion;
import glia.model.spec.LatentAttention.Queries;
import glia.model.spec.NumberRange;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.Temperature;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.List;
import java.util.Optional;

/// Reads multi-head latent attention (MLA) from configs. Other defaults are DeepSeek V2's.
///
/// @param queryRank default of `q_lora_rank`; 0 for none
/// @param plainSize default of `qk_nope_head_dim`
/// @param valueSize default of `v_head_dim`
public record LatentConfig(int queryRank, int plainSize, int valueSize) {
    public static final LatentConfig DEEPSEEK = new LatentConfig(1536, 128, 128);

    /// The names of layers with an indexer in `layer_types`.
    private static final List<String> INDEXED_LAYERS = List.of("indexed_attention", "deepseek_sparse_attention");

    /// Reads the attention of a layer.
    public LatentAttention attention(Config config, KeyChoice keys) throws CheckpointException {
        Rope.Rotary rope = rope(config);
        return attention(config, keys, rope, rope.rotatedSize(), sharpened(config), LatentAttention.EPS);
    }

    /// Reads attention without RoPE: the shared key is used as it is.
    ///
    /// @param sharedSize the size of the shared key
    /// @param eps epsilon of the norms of latents
    public LatentAttention unrotated(Config config, KeyChoice keys, int sharedSize, float eps)
            throws CheckpointException {
        return attention(config, keys, new Rope.None(), sharedSize, 1, eps);
    }

    private LatentAttention attention(Config config, KeyChoice keys, Rope rope, int sharedSize, double factor,
            float eps) throws CheckpointException {
        int heads = config.positive("num_attention_heads");
        if (config.has("num_key_value_heads") && config.positive("num_key_value_heads") != heads) {
            throw config.error("num_key_value_heads", "found " + config.positive("num_key_value_heads")
                    + ", expected the " + heads + " of num_attention_heads: latents are expanded to every head");
        }
        int plain = config.positive("qk_nope_head_dim", plainSize);
        Queries queries = config.isNull("q_lora_rank") || queryRank == 0 && !config.has("q_lora_rank")
                ? new Queries.Direct() : new Queries.LowRank(config.positive("q_lora_rank", queryRank));
        return new LatentAttention(heads, queries, config.positive("kv_lora_rank", 512), plain, sharedSize,
                config.positive("v_head_dim", valueSize), (float) (factor / Math.sqrt(plain + sharedSize)), rope,
                Standard.bias(config, "attention_bias", false), LatentAttention.Gating.NONE, eps, Expansion.JOINED,
                keys, new Temperature.Constant(), 1);
    }

    private static Rope.Rotary rope(Config config) throws CheckpointException {
        Rope.Rotary rope = RopeConfig.read(config, config.positive("qk_rope_head_dim", 64), 10_000);
        if (rope.rotatedSize() != config.positive("qk_rope_head_dim", 64)) {
            throw config.error("partial_rotary_factor", "latent attention rotates all of qk_rope_head_dim");
        }
        return rope.with(config.flag("rope_interleave", true) ? Layout.INTERLEAVED : Layout.HALF_SPLIT);
    }

    /// The factor of scores if RoPE is scaled and `mscale_all_dim` is set: `m²`, with YaRN's attention factor m
    /// (https://arxiv.org/abs/2309.00071, equation 22).
    private static double sharpened(Config config) throws CheckpointException {
        Optional<Config> settings = RopeConfig.scaling(config);
        double all = settings.isEmpty() ? 0
                : Numbers.real(settings.get(), "mscale_all_dim", NumberRange.WEIGHT, 0);
        if (all == 0) {
            return 1;
        }
        RopeScaling scaling = RopeConfig.read(config, config.positive("qk_rope_head_dim", 64), 10_000).scaling();
        double factor = switch (scaling) {
            case RopeScaling.None _, RopeScaling.Reversed _ -> 1;
            case RopeScaling.Yarn yarn -> yarn.factor();
            case RopeScaling.Linear linear -> linear.factor();
            case RopeScaling.Llama3 llama -> llama.factor();
            case RopeScaling.Proportional _, RopeScaling.Dynamic _, RopeScaling.LongRope _, RopeScaling.Divisors _,
                    RopeScaling.Relative _ ->
                    throw config.error("rope_scaling", "mscale_all_dim goes with yarn, not with " + scaling);
        };
        double m = RopeScaling.Yarn.sharpening(factor, all);
        return m * m;
    }

    /// Reads the indexer.
    ///
    /// @param numHeads default of `index_n_heads`
    public static KeyChoice indexed(Config config, int numHeads, Layout layout) throws CheckpointException {
        String[] types = config.has("layer_types") ? config.strings("layer_types") : new String[0];
        if (config.has("layer_types") && types.length != config.positive("num_hidden_layers")) {
            throw config.error("layer_types", "names " + types.length + " layers of "
                    + config.positive("num_hidden_layers"));
        }
        for (String type : types) {
            if (!INDEXED_LAYERS.contains(type)) {
                throw config.error("layer_types", "found '" + type + "', expected one of " + INDEXED_LAYERS);
            }
        }
        if (config.isNull("q_lora_rank")) {
            throw config.error("q_lora_rank", "is null, but the indexer works on queries of low rank");
        }
        Layout declared = config.flag("indexer_rope_interleave", layout == Layout.INTERLEAVED)
                ? Layout.INTERLEAVED : Layout.HALF_SPLIT;
        int size = config.positive("index_head_dim", 128);
        if (size < config.positive("qk_rope_head_dim", 64)) {
            throw config.error("index_head_dim", size + " are fewer than the numbers of qk_rope_head_dim");
        }
        return new KeyChoice.Indexed(config.positive("index_n_heads", numHeads), size,
                config.positive("index_topk", 2048), declared);
    }
}
