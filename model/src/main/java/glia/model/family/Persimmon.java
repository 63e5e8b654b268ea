package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.hub.Fused;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import java.util.List;

/// Persimmon 8B (Adept, 2023): layer norms, also of each query and key head, squared ReLU, RoPE in half of each head,
/// queries, keys and values fused by head. Checked against the class `PersimmonForCausalLM`.
final class Persimmon implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("persimmon");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        int heads = config.positive("num_attention_heads");
        Norm.Layer norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_eps", 1e-5));
        Attention attention = Attention.causal(heads, heads, headSize,
                RopeConfig.read(config, headSize, 10_000, 0.5), Bias.ALL).with(config.flag("qk_layernorm", true)
                        ? new QkNorm.Layers(norm) : new QkNorm.None());
        Mixer mlp = new Mlp(config.positive("intermediate_size"), Activations.read(config, "hidden_act", "relu2"),
                Bias.ALL);
        return Standard.model(config, 16_384, Padding.read(config, Embedding.PLAIN),
                Standard.layers(Numbers.layers(config, "num_hidden_layers"), norm, Residual.PLAIN, layer -> attention,
                        layer -> mlp), norm, Standard.head(config, false));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Fused.byGroup(spec, p, "self_attn.query_key_value", StandardNames.source(spec, p, "model.norm",
                "model.final_layernorm", "o_proj", "dense", "up_proj", "dense_h_to_4h", "down_proj", "dense_4h_to_h",
                "q_norm", "q_layernorm", "k_norm", "k_layernorm"));
    }
}
