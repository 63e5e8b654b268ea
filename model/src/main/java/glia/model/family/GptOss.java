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
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.ExpertNames;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.ModelSpec;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import java.util.List;
import java.util.Optional;

/// gpt-oss 20b and 120b: attention with sinks, sliding windows in every other layer, experts with biases and a clamped
/// gate, weighted by a softmax over the selected ones (https://arxiv.org/abs/2508.10925). Checked against the class
/// `GptOssForCausalLM`.
final class GptOss implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("gpt_oss");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = config.mentions("head_dim") ? AttentionConfig.headSize(config, 0) : 64;
        Rope rope = rope(config, headSize);
        Attention attention = AttentionConfig.causal(config, 8, headSize, rope,
                Standard.bias(config, "attention_bias", true)).with(new Scores.Sinks());
        boolean[] slides = LayerTypes.read(config, layer -> layer % 2 == 0);
        Span window = new Span.Sliding(
                config.mentions("sliding_window") ? config.positive("sliding_window") : 128);
        MlpForm form = new MlpForm.Clamped((float) Numbers.real(config, "swiglu_alpha", NumberRange.FACTOR, 1.702),
                (float) Numbers.real(config, "swiglu_limit", NumberRange.CAP, 7));
        Router router = ExpertConfig.softmaxOfChosen(config, 4);
        Experts experts = ExpertConfig.of(config, ExpertConfig.numExperts(config, 128),
                config.positive("intermediate_size", 2880), form, Bias.ALL, router, Weighting.OUTPUT,
                new Experts.Shared.None());
        return Standard.spec(config, 131_072, false, Standard.epsilon(config, "rms_norm_eps", 1e-5),
                layer -> slides[layer] ? attention.with(window) : attention, layer -> experts);
    }

    /// By default YaRN with factor 32 over 4096 positions.
    private static Rope rope(Config config, int headSize) throws CheckpointException {
        Rope.Rotary read = RopeConfig.read(config, headSize, 150_000);
        boolean isGiven = config.has("rope_parameters") || config.has("rope_scaling");
        return isGiven ? read : new Rope.Rotary(read.rotatedSize(), read.theta(),
                new RopeScaling.Yarn(32, 4096, 32, 1, false, RopeScaling.Yarn.sharpening(32, 1)), read.layout());
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, ExpertNames.of("mlp", "router", ExpertNames.Stack.IN_TURN));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(
                new StandardGguf("gpt-oss", "gpt_oss", StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.POST_ATTENTION_NORM, List.of(), (keys, checkpoint) -> keys.rename("moe_intermediate_size",
                        "intermediate_size").put("rope_scaling", "truncate", false)));
    }
}
