package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.LayerList;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.spec.Bias;
import glia.model.spec.CompressedAttention.Compression;
import glia.model.spec.CompressedAttention;
import glia.model.spec.Experts;
import glia.model.spec.KeyChoice;
import glia.model.spec.Mixer.HashedExperts;
import glia.model.spec.Mixer;
import glia.model.spec.NumberRange;
import glia.model.spec.Rope;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import java.util.Map;
import java.util.Optional;

/// Reads the attention and the experts of DeepSeek V4.
final class DeepseekV4Layers {
    private static final String WINDOW = "sliding_attention";
    private static final String SPARSE = "compressed_sparse_attention";
    private static final String HEAVY = "heavily_compressed_attention";

    private DeepseekV4Layers() { }

    static Standard.Attentions attentions(Config config, int numLayers, float eps) throws CheckpointException {
        if (config.positive("num_key_value_heads", 1) != 1) {
            throw config.error("num_key_value_heads", "found " + config.positive("num_key_value_heads")
                    + ", expected 1, whose keys are the values");
        }
        String[] types = types(config, numLayers);
        Map<String, Mixer> kinds = Map.of(WINDOW, attention(config, eps, Optional.empty()),
                HEAVY, attention(config, eps, Optional.of(new Compression(rate(config, HEAVY, "hca", 128),
                        Optional.empty()))),
                SPARSE, attention(config, eps, Optional.of(new Compression(rate(config, SPARSE, "csa", 4),
                        Optional.of(new KeyChoice.Indexed(config.positive("index_n_heads", 64),
                                config.positive("index_head_dim", 128), config.positive("index_topk", 512),
                                Layout.INTERLEAVED))))));
        for (String type : types) {
            if (!kinds.containsKey(type)) {
                throw config.error("layer_types", "found '" + type + "'; known are " + WINDOW + ", " + SPARSE + " and "
                        + HEAVY);
            }
        }
        return layer -> kinds.get(types[layer]);
    }

    /// The kinds of attention: `layer_types`; published configs have the block size of each layer, 0 for none.
    private static String[] types(Config config, int numLayers) throws CheckpointException {
        String[] types = new String[numLayers];
        String key = config.has("layer_types") ? "layer_types" : "compress_ratios";
        if (config.has("layer_types")) {
            types = config.strings(key);
        } else if (config.has(key)) {
            int[] ratios = config.integers(key);
            types = new String[ratios.length];
            for (int i = 0; i < ratios.length; i++) {
                types[i] = switch (ratios[i]) {
                    case 0 -> WINDOW;
                    case 4 -> SPARSE;
                    case 128 -> HEAVY;
                    default -> throw config.error(key, "found " + ratios[i] + ", expected 0, 4 or 128");
                };
            }
        } else {
            for (int i = 0; i < numLayers; i++) {
                types[i] = i > 2 && i % 2 == 1 ? SPARSE : HEAVY;
            }
        }
        if (types.length < numLayers) {
            throw config.error(key, "names " + types.length + " layers of " + numLayers);
        }
        return types;
    }

    private static int rate(Config config, String type, String legacy, int otherwise) throws CheckpointException {
        String old = "compress_rate_" + legacy;
        return config.has(old) ? config.positive(old)
                : config.child("compress_rates", Map.of()).positive(type, otherwise);
    }

    private static Mixer attention(Config config, float eps, Optional<Compression> compression)
            throws CheckpointException {
        int headSize = config.positive("head_dim", 512);
        return new CompressedAttention(config.positive("num_attention_heads"), headSize,
                config.positive("q_lora_rank", 1024), rope(config, headSize, compression.isPresent()),
                config.positive("sliding_window", 128), config.positive("o_groups", 8),
                config.positive("o_lora_rank", 1024), eps, compression);
    }

    /// RoPE of window layers has a base of 10,000 without scaling; that of compressed layers has a base of 160,000 and
    /// the scaling of the config, which does not scale cosines and sines.
    private static Rope.Rotary rope(Config config, int headSize, boolean isCompressed) throws CheckpointException {
        Config all = config.child(config.has("rope_scaling") ? "rope_scaling" : "rope_parameters", Map.of());
        double part = config.has("partial_rotary_factor")
                ? Numbers.real(config, "partial_rotary_factor", NumberRange.FRACTION)
                : config.has("qk_rope_head_dim") ? (double) config.positive("qk_rope_head_dim") / headSize
                : 64.0 / 512;
        Config own;
        if (all.has("main") && all.has("compress")) {
            own = all.child(isCompressed ? "compress" : "main");
        } else if (isCompressed) {
            own = all.with("rope_theta", Numbers.real(config, "compress_rope_theta", NumberRange.ROPE_THETA, 160_000));
            own = own.has("attention_factor") ? own : own.with("attention_factor", 1.0);
        } else {
            own = Config.of(config.origin(), Map.of("rope_theta",
                    Numbers.real(config, "rope_theta", NumberRange.ROPE_THETA, 10_000)));
        }
        own = own.has("partial_rotary_factor") ? own : own.with("partial_rotary_factor", part);
        return RopeConfig.read(config, own, headSize, isCompressed ? 160_000 : 10_000).with(Layout.INTERLEAVED);
    }

    static Standard.FeedForwards experts(Config config, int numLayers) throws CheckpointException {
        Standard.only(config, "scoring_func", "sqrtsoftplus");
        if (config.positive("n_shared_experts", 1) != 1) {
            throw config.error("n_shared_experts", "found " + config.positive("n_shared_experts") + ", expected 1");
        }
        MlpForm form = new MlpForm.Cut(Activations.read(config, "hidden_act", "silu"),
                (float) Numbers.real(config, "swiglu_limit", NumberRange.CAP, 10));
        int hashed = Numbers.count(config, "num_hash_layers", 3);
        boolean[] hashes = LayerList.read(config, "mlp_layer_types", "hash_moe", "moe", layer -> layer < hashed);
        Mixer chosen = experts(config, form, Router.Correction.LEARNED);
        Mixer byToken = new HashedExperts(experts(config, form, Router.Correction.NONE),
                config.positive("vocab_size"));
        return layer -> hashes[layer] ? byToken : chosen;
    }

    private static Experts experts(Config config, MlpForm form, Router.Correction correction)
            throws CheckpointException {
        int width = config.positive("moe_intermediate_size", 2048);
        Router router = new Router(config.positive("num_experts_per_tok", 6), Router.Score.ROOT_SOFTPLUS, correction,
                new Router.Groups.All(), Router.Share.NORMALIZED,
                (float) Numbers.real(config, "routed_scaling_factor", NumberRange.FACTOR, 1.5));
        return ExpertConfig.of(config, ExpertConfig.numExperts(config, 256), width, form, Bias.NONE, router,
                Weighting.OUTPUT, new Experts.Shared.Plain(width));
    }
}
