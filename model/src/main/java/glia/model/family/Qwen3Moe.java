package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ByType;
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
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Rope;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// Qwen3 with experts: 30B-A3B, 235B-A22B, Coder (https://arxiv.org/abs/2505.09388). Qwen3's attention, and experts in
/// every `decoder_sparse_step`-th layer, except in those that `mlp_only_layers` lists. Checked against the class
/// `Qwen3MoeForCausalLM`.
final class Qwen3Moe implements Family {
    /// The text model of Qwen3-VL with experts, whose weights always sum to 1.
    private static final String OF_PICTURES = "qwen3_vl_moe_text";
    private static final ExpertNames STACKS = ExpertNames.of("mlp", "gate", ExpertNames.Stack.EITHER);

    @Override
    public List<String> modelTypes() {
        return List.of("qwen3_moe", OF_PICTURES);
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Rope rope = RopeConfig.read(config, headSize, 10_000);
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-6);
        boolean slides = config.flag("use_sliding_window", false)
                && (config.has("sliding_window") || !config.mentions("sliding_window"));
        Span span = slides ? new Span.Sliding(config.positive("sliding_window", 4096)) : new Span.Causal();
        Attention attention = AttentionConfig.causal(config, 4, headSize, rope,
                Standard.bias(config, "attention_bias", false))
                .with(span).with(new QkNorm.Heads(new Norm.Rms(epsilon, 0)));
        Experts experts = ExpertConfig.gated(config, ExpertConfig.numExperts(config, 128),
                config.positive("moe_intermediate_size", 768),
                ExpertConfig.softmax(config, 8, config.flag("norm_topk_prob", false)
                        || config.text("model_type").equals(OF_PICTURES)), new Experts.Shared.None());
        LayerTypes.Rule dense = LayerTypes.listed(config, "mlp_only_layers");
        int step = config.positive("decoder_sparse_step", 1);
        return Standard.spec(config, 32_768, false, epsilon, layer -> attention,
                layer -> (layer + 1) % step == 0 && !dense.holds(layer) ? experts
                        : Standard.mlp(config, "intermediate_size", Bias.NONE));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return spec.modelType().equals(OF_PICTURES) ? StandardNames.source(spec, p, STACKS)
                : StandardNames.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ByType(List.of("qwen3_moe", OF_PICTURES), List.of(form("qwen3moe"),
                form("qwen3vlmoe"))));
    }

    private static GgufForm form(String architecture) {
        return new ExpertGguf(new StandardGguf(architecture, "qwen3_moe", StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.FFN_NORM, List.of(), (keys, checkpoint) -> keys.put("norm_topk_prob", true));
    }
}
