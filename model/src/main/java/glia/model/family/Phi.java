package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import java.util.List;
import java.util.Optional;

/// Phi-1, 1.5 and 2 (https://arxiv.org/abs/2306.11644): attention and MLP in parallel after one layer norm, RoPE in a
/// part of each head, biases everywhere. Checked against the class `PhiForCausalLM`.
final class Phi implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("phi");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Norm.Layer norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_eps", 1e-5));
        Attention attention = AttentionConfig.causal(config, headSize,
                RopeConfig.read(config, headSize, 10_000, 0.5), Bias.ALL).with(config.flag("qk_layernorm", false)
                        ? new QkNorm.Layers(norm) : new QkNorm.None());
        Mixer mlp = new Mlp(config.positive("intermediate_size"), Activations.read(config, "hidden_act", "gelu_new"),
                Bias.ALL);
        Head head = Standard.head(config, false);
        return Standard.model(config, 2048, Padding.read(config, Embedding.PLAIN),
                Standard.parallelLayers(Numbers.layers(config, "num_hidden_layers"), norm, layer -> attention,
                        layer -> mlp), norm, new Head(head.matrix(), head.transform(), Bias.ALL, head.logits()));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, "model.norm", "model.final_layernorm", "o_proj", "dense", "up_proj", "fc1",
                "down_proj", "fc2", "q_norm", "q_layernorm", "k_norm", "k_layernorm");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(new StandardGguf("phi2", "phi", StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.FFN_NORM, List.of(), (keys, checkpoint) -> { }));
    }
}
