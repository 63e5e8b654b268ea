package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.DiffusionGguf;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Diffusion;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// LLaDA, masked text diffusion (https://arxiv.org/abs/2502.09992): Llama's structure with attention in both
/// directions, under the keys and names of OLMo's first code, whose other switches are refused. Checked against
/// `LLaDAModelLM`.
final class Llada implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("llada");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Standard.refuse(config, "alibi", "attention_layer_norm", "bias_for_layer_norm");
        required(config, "rope", false, true);
        required(config, "include_bias", true, false);
        required(config, "layer_norm_with_affine", true, true);
        required(config, "block_type", "sequential", "llama");
        required(config, "layer_norm_type", "default", "rms");
        required(config, "activation_type", "swiglu", "silu");
        if (config.has("clip_qkv")) {
            throw config.error("clip_qkv", "clipped queries, keys and values are not supported");
        }
        int hidden = config.positive("d_model");
        int heads = config.positive("n_heads");
        int mlp = config.has("mlp_hidden_size") ? config.positive("mlp_hidden_size")
                : Math.multiplyExact(config.positive("mlp_ratio", 4), hidden);
        Config usual = config.with("hidden_size", hidden).with("num_attention_heads", heads)
                .with("num_key_value_heads", config.has("n_kv_heads") ? config.positive("n_kv_heads")
                        : config.flag("multi_query_attention", false) ? 1 : heads)
                // The rows of the embedding, which may be more than there are tokens.
                .with("vocab_size", config.has("embedding_size") ? config.positive("embedding_size")
                        : config.positive("vocab_size"))
                .with("max_position_embeddings", config.positive("max_sequence_length", 1024));
        int headSize = AttentionConfig.headSize(usual, 0);
        Attention attention = AttentionConfig.causal(usual, headSize, RopeConfig.read(usual, headSize, 10_000),
                config.flag("include_qkv_bias", false) ? Bias.INPUTS : Bias.NONE).with(new Span.Bidirectional());
        Norm norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-5), 0);
        Mixer gated = new GatedMlp(mlp, Activation.SILU, Bias.NONE);
        return Standard.model(usual, 1024,
                Embedding.scaled(config.flag("input_emb_norm", false) ? Math.sqrt(hidden) : 1),
                Standard.layers(Numbers.layers(config, "n_layers"), norm, Residual.PLAIN, layer -> attention,
                        layer -> gated), norm, (config.flag("weight_tying", true) ? Head.TIED : Head.SEPARATE)
                        .with(Standard.logits(config.flag("scale_logits", false) ? 1 / Math.sqrt(hidden) : 1)))
                .with(new Diffusion.Masked(config.integer("mask_token_id"), false));
    }

    private static void required(Config config, String key, Object otherwise, Object supported)
            throws CheckpointException {
        Object found = config.has(key) ? config.values().get(key) : otherwise;
        if (!found.equals(supported)) {
            throw config.error(key, "found " + found + ", only " + supported + " is supported");
        }
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, "model.layers.", "model.transformer.blocks.", "self_attn.o_proj",
                "attn_out", "self_attn.", "", "mlp.gate_proj", "ff_proj", "mlp.up_proj", "up_proj", "mlp.down_proj",
                "ff_out", "input_layernorm", "attn_norm", "post_attention_layernorm", "ff_norm",
                "model.embed_tokens", "model.transformer.wte", "model.norm", "model.transformer.ln_f",
                "lm_head", "model.transformer.ff_out");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(DiffusionGguf.LLADA);
    }
}
