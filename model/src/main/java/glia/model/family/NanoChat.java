package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.QkNorm;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import java.util.List;

/// nanochat (Karpathy, 2025): RMS norms without weights, also of the embeddings and of each query and key head after
/// RoPE, which rotates the other way; an MLP of squared ReLU, capped logits. Checked against the class
/// `NanoChatForCausalLM`.
final class NanoChat implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("nanochat");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Norm.UnitRms norm = new Norm.UnitRms(Standard.epsilon(config, "rms_norm_eps", 1e-6));
        Rope.Rotary rope = RopeConfig.read(config, headSize, 10_000);
        Attention attention = AttentionConfig.causal(config, headSize,
                rope.with(new RopeScaling.Reversed(rope.scaling())),
                Standard.bias(config, "attention_bias", false)).with(new QkNorm.Rotated(norm));
        Mixer mlp = new Mlp(config.positive("intermediate_size"), Activations.read(config, "hidden_act", "relu2"),
                Bias.NONE);
        Head.Logits logits = config.isNull("final_logit_softcapping") ? new Head.Logits.Plain()
                : new Head.Logits.Capped((float) Numbers.real(config, "final_logit_softcapping", NumberRange.CAP, 15));
        return Standard.spec(config, 2048, Padding.read(config, new Embedding(new Positions.None(), 1, 0, norm)), norm,
                layer -> attention, layer -> mlp, Standard.head(config, false).with(logits));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, "up_proj", "fc1", "down_proj", "fc2");
    }
}
