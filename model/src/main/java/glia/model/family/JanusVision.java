package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Rope;
import glia.model.spec.Tower;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.List;

/// The tower of Janus (https://arxiv.org/abs/2501.17811) that understands pictures: SigLIP's layers and an aligner of
/// linear maps. Its codes of pictures, which generate them, are not run.
final class JanusVision implements TowerFamily {
    private static final Parts PARTS = new Parts("layer_norm1", "layer_norm2", "self_attn",
            "self_attn.projection_layer", "", "mlp.fc1", "mlp.fc2");

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        Config vision = config.child("vision_config");
        Standard.refuse(vision, "use_qk_norm");
        int hidden = vision.positive("hidden_size", 1024);
        int patch = TowerFamily.side(vision, "patch_size", 16);
        int across = TowerFamily.side(vision, "image_size", 384) / patch;
        Norm norm = new Norm.Layer(Standard.epsilon(vision, "layer_norm_eps", 1e-6));
        Attention attention = TowerFamily.attention(vision, hidden, "num_attention_heads", new Rope.None(),
                vision.flag("attention_bias", true) ? Bias.ALL : Bias.OUTPUT);
        Activation activation = Activations.read(vision, "hidden_act", "gelu");
        Mixer mlp = Activations.mlp(vision, (int) (hidden * Numbers.real(vision, "mlp_ratio", NumberRange.FACTOR, 4)),
                "hidden_act", "gelu");
        Embedding embedding = new Embedding(new Positions.Learned(across * across), 1, 0, new Norm.None()).with(
                new Embedding.Features(vision.positive("num_channels", 3), 1, patch, true));
        int out = vision.positive("projection_dim", 2048);
        List<Tower.Step> aligner = new ArrayList<>(List.of(new Tower.Step.Linear(out, true)));
        for (int layer = 1; layer < vision.positive("depth", 2); layer++) {
            aligner.addAll(List.of(new Tower.Step.Activated(activation), new Tower.Step.Linear(out, true)));
        }
        return text.withTowers(List.of(new Tower(TowerFamily.body("janus_vision", vision, "num_hidden_layers", hidden,
                embedding, norm, attention, mlp, norm), aligner, TowerFamily.placeholder(config, 100_581), 1,
                Tower.Axes.TEXT, Tower.Sight.CAUSAL).with(Tower.Films.NONE)));
    }

    @Override
    public List<String> names() {
        return tower("embeddings.patch_embedding.weight").names();
    }

    private static Source.Stored tower(String name) {
        return TowerFamily.stored("vision_model." + name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            int number = (p.place().branch() - 1) / 2;
            return TowerFamily.stored("aligner." + (number == 0 ? "fc1" : "hidden_layers." + (number - 1))
                    + TowerFamily.suffix(p));
        }
        return switch (p.role()) {
            case FEATURES -> TowerFamily.patches(tower("embeddings.patch_embedding.weight"), tower, false);
            case FEATURES_BIAS -> tower("embeddings.patch_embedding.bias");
            case POSITIONS -> tower("embeddings.position_embedding.weight");
            case FINAL_WEIGHT, FINAL_BIAS -> tower("post_layernorm" + TowerFamily.suffix(p));
            default -> PARTS.source(p, tower.body().hiddenSize(),
                    name -> tower("encoder.layers." + p.sublayer() / 2 + "." + name));
        };
    }
}
