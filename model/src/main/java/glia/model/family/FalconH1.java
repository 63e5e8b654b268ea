package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Embedding;
import glia.model.spec.GatedMlp;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parallel;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.ScaledGatedMlp;
import glia.model.spec.StateSpaceDual;
import glia.model.spec.StateSpaceDual.Gating;
import glia.model.spec.StateSpaceDual.Multipliers;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Falcon-H1: attention and Mamba 2 side by side in every layer, on the same norm, with the multipliers of µP kept
/// apart from the weights (https://arxiv.org/abs/2507.22448). Checked against the class `FalconH1ForCausalLM`.
public final class FalconH1 implements Family {
    public FalconH1() { }

    @Override
    public List<String> modelTypes() {
        return List.of("falcon_h1");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        Norm norm = new Norm.Rms(epsilon, 0);
        double[] mlpMultipliers = multipliers(config, "mlp_multipliers", 2);
        GatedMlp mlp = (GatedMlp) Standard.mlp(config, "intermediate_size",
                Standard.bias(config, "mlp_bias", false));
        Parallel mixers = new Parallel(List.of(
                new Parallel.Branch(factor(config, "ssm_in_multiplier"), new Norm.None(), mamba(config, epsilon),
                        new Norm.None(), factor(config, "ssm_out_multiplier")),
                new Parallel.Branch(factor(config, "attention_in_multiplier"), new Norm.None(), attention(config),
                        new Norm.None(), factor(config, "attention_out_multiplier"))));
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < Standard.numLayers(config, "num_hidden_layers"); layer++) {
            sublayers.add(new Sublayer(layer, norm, mixers));
            sublayers.add(new Sublayer(layer, norm, new ScaledGatedMlp(mlp, (float) mlpMultipliers[0]),
                    new Norm.None(), new Residual.Add((float) mlpMultipliers[1])));
        }
        Head head = Standard.head(config, false);
        return new ModelSpec(config.text("model_type"), config.positive("vocab_size"), config.positive("hidden_size"),
                config.positive("max_position_embeddings", 8192),
                Padding.read(config, Embedding.scaled(factor(config, "embedding_multiplier")), 0), sublayers, norm,
                head.with(Standard.logits(factor(config, "lm_head_multiplier"))));
    }

    private static StateSpaceDual mamba(Config config, float epsilon) throws CheckpointException {
        int inner = config.isNull("mamba_d_ssm")
                ? Math.multiplyExact(config.positive("mamba_expand", 2), config.positive("hidden_size"))
                : config.positive("mamba_d_ssm", 1024);
        Gating gating = !config.flag("mamba_rms_norm", false) ? new Gating.GateOnly()
                : config.flag("mamba_norm_before_gate", true) ? new Gating.NormThenGate(epsilon)
                : new Gating.GateThenNorm(epsilon);
        double[] m = multipliers(config, "ssm_multipliers", 5);
        return StateSpaces.dual(config, inner, gating,
                new Multipliers((float) m[0], (float) m[1], (float) m[2], (float) m[3], (float) m[4]),
                Standard.bias(config, "projectors_bias", false));
    }

    /// Keys times a factor are scores times it.
    private static Attention attention(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        return new Attention(config.positive("num_attention_heads"), AttentionConfig.numKeyValueHeads(config, 8),
                headSize,
                (float) (factor(config, "key_multiplier") / Math.sqrt(headSize)),
                RopeConfig.read(config, headSize, 10_000), new Span.Causal(), new Norm.None(),
                Standard.bias(config, "attention_bias", false));
    }

    private static float factor(Config config, String key) throws CheckpointException {
        return (float) config.real(key, 1);
    }

    private static double[] multipliers(Config config, String key, int count) throws CheckpointException {
        double[] values = config.has(key) ? config.reals(key) : new double[] {1, 1, 1, 1, 1};
        if (config.has(key) && values.length != count) {
            throw config.error(key, "found " + values.length + " factors, expected " + count);
        }
        return values;
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Hybrid.source(spec, p);
    }

    /// The multipliers are in the weights there, and gates come before norms.
    @Override
    public Optional<GgufForm> gguf() {
        List<GgufKey> keys = GgufKey.join(StateSpaceKeys.DUAL, StateSpaceKeys.ATTENTION, List.of(StateSpaceKeys.WIDTH));
        return Optional.of(StateSpaceGguf.of("falcon_h1", StandardGguf.Rotation.HALF_SPLIT, keys,
                (config, checkpoint) -> StateSpaceGguf.dual(StateSpaceGguf.attention(config, checkpoint), checkpoint)
                        .ropeScaling().integer("ssm.inner_size", "mamba_d_ssm")
                        .put("mamba_rms_norm", StateSpaceGguf.rows(config, checkpoint, "ssm_norm.weight") > 0)
                        .put("mamba_norm_before_gate", false), "falcon-h1"));
    }
}
