package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.StandardGguf;
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import java.util.List;
import java.util.Optional;

/// Arcee's AFM (2025): Llama's structure with an MLP of squared ReLU without a gate (https://arxiv.org/abs/2109.08668).
/// Checked against the class `ArceeForCausalLM`.
final class Arcee implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("arcee");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false));
        Mixer mlp = new Mlp(config.positive("intermediate_size"), Activations.read(config, "hidden_act", "relu2"),
                Standard.bias(config, "mlp_bias", false));
        return Standard.spec(config, 4096, false, Standard.epsilon(config, "rms_norm_eps", 1e-5), layer -> attention,
                layer -> mlp);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new StandardGguf("arcee", "arcee", StandardGguf.Rotation.INTERLEAVED));
    }
}
