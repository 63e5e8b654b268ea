package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.Embedding;
import glia.model.spec.Experts;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// The body of Qwen3-Next and Qwen3.5: three layers of Gated DeltaNet (https://arxiv.org/abs/2412.06464) to one of
/// gated attention that turns a quarter of each head, norms whose weights are distances from 1.
final class DeltaHybrid {
    private DeltaHybrid() { }

    static ModelSpec spec(Config config, GatedDeltaNet.Inputs inputs,
            Standard.FeedForwards feedForwards) throws CheckpointException {
        Norm norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 1);
        int interval = config.positive("full_attention_interval", 4);
        boolean[] linear = LayerTypes.linear(config, layer -> (layer + 1) % interval != 0);
        Mixer delta = new GatedDeltaNet(config.positive("linear_num_key_heads", 16),
                config.positive("linear_num_value_heads", 32), config.positive("linear_key_head_dim", 128),
                config.positive("linear_value_head_dim", 128),
                new Convolution(config.positive("linear_conv_kernel_dim", 4),
                        Activations.read(config, "hidden_act", "silu"), Bias.NONE),
                Standard.epsilon(config, "rms_norm_eps", 1e-6), inputs);
        Mixer attention = attention(config, norm);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < linear.length; layer++) {
            sublayers.add(new Sublayer(layer, norm, linear[layer] ? delta : attention));
            sublayers.add(new Sublayer(layer, norm, feedForwards.of(layer)));
        }
        return new ModelSpec(config.text("model_type"), config.positive("vocab_size"), config.positive("hidden_size"),
                config.positive("max_position_embeddings", 32_768), Embedding.PLAIN, sublayers, norm,
                config.flag("tie_word_embeddings", false) ? Head.TIED : Head.SEPARATE);
    }

    private static Attention attention(Config config, Norm norm) throws CheckpointException {
        int headSize = Standard.headSize(config, 256);
        Rope rope = RopeConfig.read(config, headSize, 10_000, 0.25);
        return new Attention(config.positive("num_attention_heads"), Standard.numKeyValueHeads(config), headSize,
                (float) (1 / Math.sqrt(headSize)), rope, new Span.Causal(), norm,
                config.flag("attention_bias", false) ? Bias.ALL : Bias.NONE)
                .with(config.flag("attn_output_gate", true) ? Attention.Gating.SIGMOID : Attention.Gating.NONE);
    }

    /// Experts chosen by a softmax, and a shared one behind a gate.
    static Mixer experts(Config config, int numExperts, int numChosen, boolean normalised) throws CheckpointException {
        return ExpertConfig.gated(config, numExperts, config.positive("moe_intermediate_size", 512),
                ExpertConfig.softmax(config, numChosen, normalised),
                new Experts.Shared.Gated(config.positive("shared_expert_intermediate_size", 512)));
    }

    /// Names as on the hub.
    static Source source(ModelSpec spec, Parameter p) {
        return p.sublayer() >= 0 && spec.mixer(p.place()) instanceof GatedDeltaNet d
                ? new Source.Stored("model.layers." + spec.sublayer(p).layer() + "." + inLayer(d, p))
                : Standard.source(spec, p);
    }

    private static String inLayer(GatedDeltaNet d, Parameter p) {
        return switch (p.role()) {
            case BEFORE_WEIGHT -> "input_layernorm.weight";
            case INPUT -> d.inputs() == GatedDeltaNet.Inputs.BY_KEY_HEAD ? "linear_attn.in_proj_qkvz.weight"
                    : "linear_attn.in_proj_qkv.weight";
            case GATE -> "linear_attn.in_proj_z.weight";
            case BETA -> "linear_attn.in_proj_b.weight";
            case STEPS -> "linear_attn.in_proj_a.weight";
            case BETA_AND_STEPS -> "linear_attn.in_proj_ba.weight";
            case CONVOLUTION -> "linear_attn.conv1d.weight";
            case STEPS_OFFSET -> "linear_attn.dt_bias";
            case DECAY -> "linear_attn.A_log";
            case GATED_NORM -> "linear_attn.norm.weight";
            case OUTPUT -> "linear_attn.out_proj.weight";
            default -> throw Standard.unknown(p);
        };
    }
}
