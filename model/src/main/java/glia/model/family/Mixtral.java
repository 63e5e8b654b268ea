package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.family.hub.ExpertNames;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import java.util.List;
import java.util.Optional;

/// Mixtral 8x7B and 8x22B: Mistral's structure with experts in place of each MLP (https://arxiv.org/abs/2401.04088).
/// Checked against the class `MixtralForCausalLM`. `router_jitter_noise`, which the reference uses in training only, is
/// ignored. The GGUF architecture is `llama`.
final class Mixtral implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("mixtral");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Rope rope = RopeConfig.read(config, headSize, 1_000_000);
        Attention attention = AttentionConfig.causal(config, 8, headSize, rope, Bias.NONE)
                .with(AttentionConfig.span(config));
        Experts experts = ExpertConfig.gated(config, ExpertConfig.numExperts(config, 8),
                config.positive("intermediate_size"), ExpertConfig.softmax(config, 2, true), new Experts.Shared.None());
        return Standard.spec(config, 131_072, false, Standard.epsilon(config, "rms_norm_eps", 1e-5),
                layer -> attention, layer -> experts);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, ExpertNames.BLOCK_SPARSE);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return new Llama().gguf();
    }
}
