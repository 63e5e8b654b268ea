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
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import java.util.List;
import java.util.Optional;

/// Nemotron 3 and 4, Minitron (https://arxiv.org/abs/2402.16819): layer norms with weights stored minus 1, an MLP of
/// squared ReLU without a gate, RoPE in half of each head. Checked against the class `NemotronForCausalLM`.
final class Nemotron implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("nemotron");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, headSize,
                RopeConfig.read(config, headSize, 10_000, 0.5), Standard.bias(config, "attention_bias", false));
        Mixer mlp = new Mlp(config.positive("intermediate_size"), Activations.read(config, "hidden_act", "relu2"),
                Standard.bias(config, "mlp_bias", false));
        Norm norm = new Norm.Layer(Standard.epsilon(config, "norm_eps", 1e-5), 1);
        return Standard.spec(config, 4096, Padding.read(config, Embedding.PLAIN), norm,
                layer -> attention, layer -> mlp, Standard.head(config, false));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(
                new StandardGguf("nemotron", "nemotron", StandardGguf.Rotation.HALF_SPLIT), ExpertGguf.FFN_NORM,
                List.of(), (keys, checkpoint) -> keys.rename("layer_norm_eps", "norm_eps")));
    }
}
