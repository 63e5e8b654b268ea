package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.gguf.FalconH1Gguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.gguf.StateSpaceGguf;
import glia.model.family.hub.HybridNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer.ScaledGatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Falcon-H1: attention and Mamba 2 in parallel in every layer, after the same norm, with µP multipliers separate from
/// the weights (https://arxiv.org/abs/2507.22448). Checked against the class `FalconH1ForCausalLM`.
final class FalconH1 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("falcon_h1");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        Norm norm = new Norm.Rms(epsilon, 0);
        GatedMlp mlp = Standard.mlp(config, "intermediate_size", Standard.bias(config, "mlp_bias", false));
        double[] factors = FalconH1Mixers.factors(config, "mlp_multipliers", 2);
        Mixer scaled = new ScaledGatedMlp(mlp, (float) factors[0]);
        Residual afterMlp = new Residual.Add((float) factors[1]);
        Mixer mixers = FalconH1Mixers.parallel(config, epsilon);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < Numbers.layers(config, "num_hidden_layers"); layer++) {
            sublayers.add(new Sublayer(layer, norm, mixers));
            sublayers.add(new Sublayer(layer, norm, scaled, new Norm.None(), afterMlp));
        }
        Embedding embedding = Padding.read(config,
                Embedding.scaled(Numbers.factor(config, "embedding_multiplier")), 0);
        Head head = Standard.head(config, false)
                .with(Standard.logits(Numbers.factor(config, "lm_head_multiplier")));
        return Standard.model(config, 8192, embedding, sublayers, norm, head);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return HybridNames.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(StateSpaceGguf.of("falcon_h1", StandardGguf.Rotation.HALF_SPLIT, FalconH1Gguf.KEYS,
                FalconH1Gguf::more, "falcon-h1"));
    }
}
