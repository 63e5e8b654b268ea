package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ByType;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.GraniteGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.GraniteNames;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Embedding;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import java.util.List;
import java.util.Optional;

/// Granite 3 (https://arxiv.org/abs/2410.18358 and later): Llama's structure with fixed multipliers of embeddings,
/// scores, residuals and logits; `granitemoe` has experts instead of the MLP. Checked against `GraniteForCausalLM` and
/// `GraniteMoeForCausalLM`.
final class Granite implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("granite", "granitemoe");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false))
                .withScale(Numbers.factor(config, "attention_multiplier"));
        Mixer feedForward = config.text("model_type").equals("granite")
                ? Standard.mlp(config, "intermediate_size", Standard.bias(config, "mlp_bias", false))
                : ExpertConfig.gated(config, ExpertConfig.numExperts(config, 8),
                        config.positive("intermediate_size"), ExpertConfig.softmaxOfChosen(config, 2),
                        new Experts.Shared.None());
        Norm norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 0);
        Residual residual = new Residual.Add(Numbers.factor(config, "residual_multiplier"));
        return Standard.model(config, 2048,
                Padding.read(config, Embedding.scaled(Numbers.factor(config, "embedding_multiplier"))),
                Standard.layers(Numbers.layers(config, "num_hidden_layers"), norm, residual, layer -> attention,
                        layer -> feedForward), norm, Standard.head(config, false)
                        .with(Standard.logits(1 / Numbers.real(config, "logits_scaling", NumberRange.FACTOR, 1))));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return p.sublayer() >= 0 && spec.mixer(p.place()) instanceof Experts ? GraniteNames.source(spec, p)
                : StandardNames.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ByType(modelTypes(), List.of(form("granite", "granite"),
                form("granitemoe", "granitemoe"))));
    }

    private static ExpertGguf form(String architecture, String modelType) {
        return new ExpertGguf(new StandardGguf(architecture, modelType, StandardGguf.Rotation.INTERLEAVED),
                ExpertGguf.FFN_NORM, GraniteGguf.PLAIN, (keys, checkpoint) -> GraniteGguf.factors(keys));
    }
}
