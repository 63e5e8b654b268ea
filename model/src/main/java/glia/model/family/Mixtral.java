package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.tensor.kernel.Span;
import java.util.List;

/// Mixtral 8x7B and 8x22B: Mistral's body with experts in place of each MLP (https://arxiv.org/abs/2401.04088).
/// Checked against the class `MixtralForCausalLM`. `router_jitter_noise` shakes inputs in the reference's training only
/// and is not used here.
/// GGUF files call this family `llama`.
public final class Mixtral implements Family {
    public Mixtral() { }

    @Override
    public List<String> modelTypes() {
        return List.of("mixtral");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = Standard.headSize(config, 0);
        Rope rope = RopeConfig.read(config, headSize, 1_000_000);
        Span span = config.has("sliding_window") ? new Span.Sliding(config.positive("sliding_window"))
                : new Span.Causal();
        Attention attention = new Attention(config.positive("num_attention_heads"),
                Standard.numKeyValueHeads(config, 8), headSize, (float) (1 / Math.sqrt(headSize)), rope, span,
                new Norm.None(), Bias.NONE);
        Experts experts = ExpertConfig.gated(config, ExpertConfig.numExperts(config, 8),
                config.positive("intermediate_size"), ExpertConfig.softmax(config, 2, true), new Experts.Shared.None());
        return Standard.spec(config, 131_072, false, Standard.epsilon(config, "rms_norm_eps", 1e-5),
                layer -> attention, layer -> experts);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Standard.source(spec, p, ExpertNames.BLOCK_SPARSE);
    }
}
