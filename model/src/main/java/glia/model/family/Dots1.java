package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.GgufKey;
import glia.model.family.gguf.StandardGguf;
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.QkNorm;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// dots.llm1 (https://arxiv.org/abs/2506.05767): an RMS norm of each query and key head, and experts with sigmoid
/// scores, a learned correction and shared experts after the first dense layers. Checked against the class
/// `Dots1ForCausalLM`.
final class Dots1 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("dots1");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-6);
        Attention attention = AttentionConfig.causal(config, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false)).with(new QkNorm.Heads(new Norm.Rms(epsilon, 0)));
        boolean windowed = config.has("sliding_window") || !config.mentions("sliding_window");
        int firstSliding = Numbers.count(config, "max_window_layers", 62);
        boolean[] slides = LayerTypes.read(config, layer -> windowed && layer >= firstSliding);
        Attention sliding = windowed ? attention.with(new Span.Sliding(config.positive("sliding_window", 4096)))
                : attention;
        Config weighed = config.mentions("norm_topk_prob") ? config : config.with("norm_topk_prob", false);
        int width = config.positive("moe_intermediate_size", 1408);
        Experts experts = ExpertConfig.gated(config, ExpertConfig.numExperts(config, 128), width,
                ExpertConfig.corrected(weighed, 6, 1, 1, 1), ExpertConfig.shared(config, width, 0));
        Mixer mlp = Standard.mlp(config, "intermediate_size", Bias.NONE);
        int numDense = Numbers.count(config, "first_k_dense_replace", 0);
        return Standard.spec(config, 2048, false, epsilon, layer -> slides[layer] ? sliding : attention,
                layer -> layer < numDense ? mlp : experts);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(new StandardGguf("dots1", "dots1", StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.FFN_NORM, GgufKey.join(ExpertGguf.WEIGHTS, ExpertGguf.SHARED, ExpertGguf.DENSE,
                        List.of(ExpertGguf.GATING)), (keys, checkpoint) -> keys.put("sliding_window", null)));
    }
}
