package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.ExpertNames;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Embedding;
import glia.model.spec.Experts;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.tensor.ops.expert.Router;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Phi-3.5-MoE (https://arxiv.org/abs/2404.14219): layer norms, two experts a token chosen by SparseMixer, LongRoPE
/// with a factor of its own for long contexts. Checked against the class `PhimoeForCausalLM`, which never uses the long
/// frequencies; here contexts beyond the original one do, as in the model's own code.
final class PhiMoe implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("phimoe");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, 8, headSize, rope(config, headSize),
                Standard.bias(config, "attention_bias", false)).with(AttentionConfig.span(config));
        if (config.positive("num_experts_per_tok", 2) != 2) {
            throw config.error("num_experts_per_tok", "found " + config.positive("num_experts_per_tok")
                    + ", but SparseMixer chooses 2");
        }
        Router router = new Router(2, Router.Score.LOGIT, Router.Correction.NONE, new Router.Groups.All(),
                Router.Share.SPARSE_MIXER, 1,
                (float) Numbers.real(config, "router_jitter_noise", NumberRange.FRACTION, 0.01));
        Mixer experts = ExpertConfig.gated(config, ExpertConfig.numExperts(config, 16),
                config.positive("intermediate_size", 6400), router, new Experts.Shared.None());
        Head head = Standard.head(config, false);
        return Standard.spec(config, 131_072, Padding.read(config, Embedding.PLAIN),
                new Norm.Layer(Standard.epsilon(config, "rms_norm_eps", 1e-5)), layer -> attention, layer -> experts,
                new Head(head.matrix(), head.transform(), Standard.bias(config, "lm_head_bias", false),
                        head.logits()));
    }

    /// RoPE; LongRoPE's factors of cosines and sines are `short_mscale` and `long_mscale`.
    private static Rope rope(Config config, int headSize) throws CheckpointException {
        Rope.Rotary rope = RopeConfig.read(config, headSize, 1e6);
        Config settings = config.child(config.has("rope_scaling") ? "rope_scaling" : "rope_parameters",
                Map.of());
        return switch (rope.scaling()) {
            case RopeScaling.None _ -> rope;
            case RopeScaling.LongRope l -> rope.with(new RopeScaling.LongRope(l.within(), l.beyond(),
                    l.originalContext(), Numbers.real(settings, "short_mscale", NumberRange.FACTOR),
                    Numbers.real(settings, "long_mscale", NumberRange.FACTOR)));
            default -> throw settings.error("rope_type", "only default and longrope are supported");
        };
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, ExpertNames.BLOCK_SPARSE);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(new StandardGguf("phimoe", "phimoe", StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.FFN_NORM, List.of(), (keys, checkpoint) -> {
                    double factor = keys.real("rope.scaling.attn_factor", 1);
                    keys.rename("layer_norm_eps", "rms_norm_eps").rename("moe_intermediate_size", "intermediate_size")
                            .put("lm_head_bias", checkpoint.names().contains("output.bias"))
                            .put("rope_scaling", "short_mscale", factor).put("rope_scaling", "long_mscale", factor);
                }));
    }
}
