package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.LatentConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.gguf.MiniCpm3Gguf;
import glia.model.family.hub.LatentNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Embedding;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import java.util.List;
import java.util.Optional;

/// MiniCPM3 4B (https://arxiv.org/abs/2404.06395): latent attention, a gated MLP, and factors of embeddings, sublayers
/// and logits. Checked against the class `MiniCPM3ForCausalLM`.
final class MiniCpm3 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("minicpm3");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int hidden = config.positive("hidden_size");
        int heads = config.positive("num_attention_heads");
        int layers = Numbers.layers(config, "num_hidden_layers");
        Config latent = ifAbsent(ifAbsent(config, "kv_lora_rank", 256), "qk_rope_head_dim", 32)
                .with("rope_interleave", false);
        LatentAttention attention = new LatentConfig(768, 64, Math.max(1, hidden / heads)).attention(latent,
                new KeyChoice.All());
        Mixer mlp = Standard.mlp(config, "intermediate_size", Standard.bias(config, "mlp_bias", false));
        Norm norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-5), 0);
        double root = Math.sqrt(layers);
        double depth = config.isNull("scale_depth") ? root
                : Numbers.real(config, "scale_depth", NumberRange.FACTOR, 1.4);
        int base = config.isNull("dim_model_base") ? hidden : config.positive("dim_model_base", 256);
        Embedding embedding = Embedding.scaled(Numbers.real(config, "scale_emb", NumberRange.FACTOR, 12));
        return Standard.model(config, 32_768, Padding.read(config, embedding),
                Standard.layers(layers, norm, new Residual.Add((float) (depth / root)), layer -> attention,
                        layer -> mlp), norm,
                Standard.head(config, true).with(Standard.logits((double) base / hidden)));
    }

    private static Config ifAbsent(Config config, String key, int value) {
        return config.has(key) ? config : config.with(key, value);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return LatentNames.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new MiniCpm3Gguf());
    }
}
