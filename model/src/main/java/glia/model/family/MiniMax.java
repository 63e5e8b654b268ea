package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.MiniMaxGguf;
import glia.model.family.hub.ExpertNames;
import glia.model.family.hub.StandardNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.Lightning;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.tensor.kernel.Activation;
import java.util.List;
import java.util.Optional;

/// MiniMax-Text-01 and M1: lightning attention with softmax attention in some layers, experts in all layers, and a
/// normalized residual stream (https://arxiv.org/abs/2501.08313). Checked against the class `MiniMaxForCausalLM`.
final class MiniMax implements Family {
    private static final float LIGHTNING_EPS = 1e-6f;

    @Override
    public List<String> modelTypes() {
        return List.of("minimax");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int heads = config.positive("num_attention_heads", 32);
        int headSize = AttentionConfig.headSize(config, 0);
        Activation activation = Activations.read(config, "hidden_act", "silu");
        Mixer attention = Attention.causal(heads, AttentionConfig.numKeyValueHeads(config, 8), headSize,
                RopeConfig.read(config, headSize, 1_000_000), Bias.NONE).with(AttentionConfig.span(config));
        Mixer experts = ExpertConfig.gated(config, ExpertConfig.numExperts(config, 8),
                config.positive("intermediate_size"), ExpertConfig.softmax(config, 2, true), new Experts.Shared.None());
        boolean[] linear = LayerTypes.linear(config, layer -> layer % 2 == 1);
        Residual afterLightning = residual(config, "linear_attn");
        Residual afterAttention = residual(config, "full_attn");
        Residual afterExperts = residual(config, "mlp");
        return Standard.spec(config, 131_072, false, Standard.epsilon(config, "rms_norm_eps", 1e-5), layer ->
                linear[layer] ? new Lightning(heads, headSize,
                        (float) (1 - layer / (linear.length - 1 + 1e-5) + 1e-5), activation, LIGHTNING_EPS) : attention,
                layer -> experts).mapSublayers(s -> s.with(s.mixer() instanceof Experts ? afterExperts
                        : s.mixer() instanceof Lightning ? afterLightning : afterAttention));
    }

    private static Residual residual(Config config, String kind) throws CheckpointException {
        return new Residual.Normed((float) Numbers.real(config, kind + "_alpha_factor", NumberRange.WEIGHT, 1),
                (float) Numbers.real(config, kind + "_beta_factor", NumberRange.WEIGHT, 1));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0 || !(spec.mixer(p.place()) instanceof Lightning) || p.role() == Role.BEFORE_WEIGHT) {
            return StandardNames.source(spec, p, ExpertNames.BLOCK_SPARSE);
        }
        return new Source.Stored("model.layers." + spec.sublayer(p).layer() + ".self_attn." + switch (p.role()) {
            case INPUT -> "qkv_proj.weight";
            case GATE -> "output_gate.weight";
            case GATED_NORM -> "norm.weight";
            case OUTPUT -> "out_proj.weight";
            default -> throw StandardNames.unknown(p);
        });
    }

    /// Buffers that the reference derives from the number of heads and layers.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.endsWith(".self_attn.slope_rate") || name.endsWith(".self_attn.query_decay")
                || name.endsWith(".self_attn.key_decay") || name.endsWith(".self_attn.diagonal_decay");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new MiniMaxGguf());
    }
}
