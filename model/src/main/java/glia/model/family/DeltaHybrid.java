package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.Embedding;
import glia.model.spec.Experts;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import java.util.List;

/// The structure of Qwen3-Next and Qwen3.5: three layers of Gated DeltaNet (https://arxiv.org/abs/2412.06464) to one of
/// gated attention with RoPE on a quarter of each head; norm weights are stored minus 1.
final class DeltaHybrid {
    private DeltaHybrid() { }

    static ModelSpec spec(Config config, GatedDeltaNet.Inputs inputs,
            Standard.FeedForwards feedForwards) throws CheckpointException {
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 1);
        int interval = config.positive("full_attention_interval", 4);
        boolean[] linear = LayerTypes.linear(config, layer -> (layer + 1) % interval != 0);
        Mixer delta = delta(config, inputs);
        Mixer attention = attention(config, norm);
        List<Sublayer> sublayers = Standard.layers(linear.length, norm, Residual.PLAIN,
                layer -> linear[layer] ? delta : attention, feedForwards);
        return Standard.model(config, 32_768, Padding.read(config, Embedding.PLAIN), sublayers, norm,
                Standard.head(config, false));
    }

    static GatedDeltaNet delta(Config config, GatedDeltaNet.Inputs inputs) throws CheckpointException {
        return new GatedDeltaNet(config.positive("linear_num_key_heads", 16),
                config.positive("linear_num_value_heads", 32), config.positive("linear_key_head_dim", 128),
                config.positive("linear_value_head_dim", 128),
                new Convolution(config.positive("linear_conv_kernel_dim", 4),
                        Activations.read(config, "hidden_act", "silu"), Bias.NONE),
                Standard.epsilon(config, "rms_norm_eps", 1e-6), inputs);
    }

    static GatedDeltaNet.OutputGate gate(Config config) throws CheckpointException {
        return switch (config.text("output_gate_type", config.text("hidden_act", "silu"))) {
            case "silu" -> GatedDeltaNet.OutputGate.SILU;
            case "sigmoid" -> GatedDeltaNet.OutputGate.SIGMOID;
            default -> throw config.error("output_gate_type", "found '" + config.text("output_gate_type",
                    config.text("hidden_act", "silu")) + "', expected silu or sigmoid");
        };
    }

    static Attention attention(Config config, Norm.Rms norm) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 256);
        Rope rope = RopeConfig.read(config, headSize, 10_000, 0.25);
        return AttentionConfig.causal(config, headSize, rope, Standard.bias(config, "attention_bias", false))
                .with(new QkNorm.Heads(norm))
                .with(config.flag("attn_output_gate", true) ? Attention.Gating.SIGMOID : Attention.Gating.NONE);
    }

    /// Experts routed by softmax, and a gated shared expert.
    static Mixer experts(Config config, int numExperts, int numChosen, boolean normalized) throws CheckpointException {
        return ExpertConfig.gated(config, numExperts, config.positive("moe_intermediate_size", 512),
                ExpertConfig.softmax(config, numChosen, normalized),
                new Experts.Shared.Gated(config.positive("shared_expert_intermediate_size", 512)));
    }
}
