package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.LayerKind;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.config.StateSpaceConfig;
import glia.model.family.gguf.GraniteGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.gguf.StateSpaceGguf;
import glia.model.family.hub.GraniteNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Experts;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.StateSpaceDual;
import glia.model.spec.Sublayer;
import java.util.List;
import java.util.Optional;

/// Granite 4: Mamba 2 and a few attention layers, mostly without RoPE, each followed by routed experts with a shared
/// one, or by an MLP; fixed multipliers of embeddings, scores, residuals and logits
/// (https://www.ibm.com/granite/docs/models/granite). Checked against the class `GraniteMoeHybridForCausalLM`.
final class GraniteMoeHybrid implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("granitemoehybrid");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-6);
        int inner = Math.multiplyExact(config.positive("mamba_expand", 2), config.positive("hidden_size"));
        StateSpaceDual mamba = StateSpaceConfig.dual(config, inner, new StateSpaceDual.Gating.GateThenNorm(epsilon),
                StateSpaceDual.Multipliers.NONE, Standard.bias(config, "mamba_proj_bias", false));
        Attention attention = attention(config);
        Mixer feedForward = feedForward(config);
        Residual residual = new Residual.Add(Numbers.factor(config, "residual_multiplier"));
        boolean[] attends = LayerKind.attending(config);
        Norm norm = new Norm.Rms(epsilon, 0);
        List<Sublayer> sublayers = Standard.layers(attends.length, norm, residual,
                layer -> attends[layer] ? attention : mamba, layer -> feedForward);
        Embedding embedding = Padding.read(config, Embedding.scaled(Numbers.factor(config, "embedding_multiplier")));
        return Standard.model(config, 2048, embedding, sublayers, norm, Standard.head(config, false)
                        .with(Standard.logits(1 / Numbers.real(config, "logits_scaling", NumberRange.FACTOR, 1))));
    }

    private static Attention attention(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Rope rope = config.text("position_embedding_type", "nope").equals("rope")
                ? RopeConfig.read(config, headSize, 10_000) : new Rope.None();
        return AttentionConfig.causal(config, headSize, rope, Standard.bias(config, "attention_bias", false))
                .withScale(Numbers.factor(config, "attention_multiplier"));
    }

    private static Mixer feedForward(Config config) throws CheckpointException {
        int shared = config.positive("shared_intermediate_size", 1024);
        int numExperts = config.has("num_local_experts") ? Numbers.experts(config, "num_local_experts") : 8;
        return numExperts == 0
                ? new GatedMlp(shared, Activations.read(config, "hidden_act", "silu"), Bias.NONE)
                : ExpertConfig.gated(config, numExperts,
                        config.positive("intermediate_size", 11_008), ExpertConfig.softmaxOfChosen(config, 2),
                        new Experts.Shared.Plain(shared));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return GraniteNames.source(spec, p);
    }

    /// Bamba has the same architecture name; its attention has RoPE on a part of each head.
    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(StateSpaceGguf.of("granitemoehybrid", StandardGguf.Rotation.INTERLEAVED,
                GraniteGguf.KEYS, GraniteGguf::more, "granitehybrid"));
    }
}
