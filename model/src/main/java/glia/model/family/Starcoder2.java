package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
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
import glia.model.spec.Mixer;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Optional;

/// StarCoder2 (https://arxiv.org/abs/2402.19173): layer norms, biases, an MLP without a gate, RoPE, few key-value heads
/// and, in some sizes, a sliding window. Checked against the class `Starcoder2ForCausalLM`.
final class Starcoder2 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("starcoder2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Bias bias = Standard.bias(config, "use_bias", true);
        Attention attention = AttentionConfig.causal(config, 2, headSize, RopeConfig.read(config, headSize, 10_000),
                bias).with(AttentionConfig.span(config));
        Norm norm = new Norm.Layer(Standard.epsilon(config, "norm_epsilon", 1e-5));
        Mixer mlp = new Mlp(config.positive("intermediate_size"),
                Activations.read(config, "hidden_act", "gelu_pytorch_tanh"), bias);
        return Standard.spec(config, 4096, Padding.read(config, Embedding.PLAIN), norm,
                layer -> attention, layer -> mlp, Standard.head(config, true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, "up_proj", "c_fc", "down_proj", "c_proj");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(
                new StandardGguf("starcoder2", "starcoder2", StandardGguf.Rotation.HALF_SPLIT), ExpertGguf.FFN_NORM,
                List.of(), (keys, checkpoint) -> keys.rename("layer_norm_eps", "norm_epsilon")
                        .rename("attention_bias", "use_bias")));
    }
}
