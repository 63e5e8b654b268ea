package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.BitNetGguf;
import glia.model.layout.GgufForm;
import glia.model.spec.Bias;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer.SubNorm;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import java.util.List;
import java.util.Optional;

/// BitNet b1.58 (https://arxiv.org/abs/2504.12285): Llama's structure with squared ReLU and a norm before the output
/// projections of attention and MLP. Checked against the class `BitNetForCausalLM`.
final class BitNet implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("bitnet");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-5), 0);
        Mixer attention = new SubNorm(AttentionConfig.causal(config, 5, headSize,
                RopeConfig.read(config, headSize, 500_000), Standard.bias(config, "attention_bias", false)), norm);
        Mixer mlp = new SubNorm(new GatedMlp(config.positive("intermediate_size"),
                Activations.read(config, "hidden_act", "relu2"), Bias.NONE), norm);
        return Standard.spec(config, 2048, false, norm.eps(), layer -> attention, layer -> mlp);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new BitNetGguf());
    }
}
