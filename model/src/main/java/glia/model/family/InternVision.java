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
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Tower;
import java.util.List;
import java.util.OptionalInt;

/// InternViT before the projector of InternVL (https://arxiv.org/abs/2504.10479): a class token, learned positions,
/// learned scales of each layer's updates, a pixel shuffle.
final class InternVision implements TowerFamily {
    private static final Parts PARTS = new Parts("layernorm_before", "layernorm_after", "attention",
            "attention.projection_layer", "", "mlp.fc1", "mlp.fc2");

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        Standard.only(config, "vision_feature_select_strategy", "default");
        Config vision = config.child("vision_config");
        int hidden = vision.positive("hidden_size", 1024);
        int patch = TowerFamily.side(vision, "patch_size", 14);
        int[] image = TowerFamily.sides(vision, "image_size", 448);
        int side = (int) (1 / Numbers.real(config, "downsample_ratio", NumberRange.FRACTION, 0.5));
        float eps = Standard.epsilon(vision, "layer_norm_eps", 1e-6);
        Norm norm = vision.text("norm_type", "layer_norm").equals("rms_norm") ? new Norm.Rms(eps, 0)
                : new Norm.Layer(eps);
        Attention plain = TowerFamily.attention(vision, hidden, "num_attention_heads", new Rope.None(),
                vision.flag("attention_bias", false) ? Bias.ALL : Bias.OUTPUT);
        Attention attention = vision.flag("use_qk_norm", false)
                ? plain.with(new QkNorm.Whole(new Norm.Rms(1e-6f, 0))) : plain;
        Mixer mlp = Activations.mlp(vision, vision.positive("intermediate_size", 4096), "hidden_act", "gelu");
        Positions positions = vision.flag("use_absolute_position_embeddings", true)
                ? new Positions.Grid(image[0] / patch, image[1] / patch, Positions.Sampling.CUBIC,
                        OptionalInt.of(0)) : new Positions.None();
        Embedding embedding = new Embedding(positions, 1, 0, new Norm.None()).with(new Embedding.Features(
                vision.positive("num_channels", 3), 1, patch, true));
        ModelSpec body = TowerFamily.body("internvl_vision", 1, hidden, embedding, Standard.layers(
                VisionTransformer.lastLayer(config, vision), norm, new Norm.LayerScale(), Residual.PLAIN,
                layer -> attention, layer -> mlp), vision.flag("use_mean_pooling", true)
                || config.integer(VisionTransformer.LAYER, -1) != -1 ? new Norm.None() : new Norm.Layer(eps));
        return text.withTowers(List.of(new Tower(body, List.of(new Tower.Step.Folded(side, true),
                new Tower.Step.Normed(new Norm.Layer(1e-5f)), new Tower.Step.Linear(text.hiddenSize(), true),
                new Tower.Step.Activated(Activations.read(config, "projector_hidden_act", "gelu")),
                new Tower.Step.Linear(text.hiddenSize(), true)), TowerFamily.placeholder(config, 151_667), side,
                Tower.Axes.TEXT, Tower.Sight.CAUSAL).with(Tower.Films.NONE)));
    }

    @Override
    public List<String> names() {
        return tower("embeddings.patch_embeddings.projection.weight").names();
    }

    private static Source.Stored tower(String name) {
        return TowerFamily.stored("vision_tower." + name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            String step = "multi_modal_projector.";
            return TowerFamily.step(p, "", step + "layer_norm", step + "linear_1", "", step + "linear_2");
        }
        long hidden = tower.body().hiddenSize();
        String layer = "encoder.layer." + p.sublayer() / 2 + ".";
        return switch (p.role()) {
            case EMBEDDING -> TowerFamily.batched(tower("embeddings.cls_token"), 1, hidden);
            case FEATURES -> TowerFamily.patches(tower("embeddings.patch_embeddings.projection.weight"), tower, false);
            case FEATURES_BIAS -> tower("embeddings.patch_embeddings.projection.bias");
            case POSITIONS -> TowerFamily.batched(tower("embeddings.position_embeddings"),
                    ((Positions.Grid) tower.body().embedding().positions()).count(), hidden);
            case AFTER_WEIGHT -> tower(layer + (p.sublayer() % 2 == 0 ? "lambda_1" : "lambda_2"));
            case FINAL_WEIGHT, FINAL_BIAS -> tower("layernorm" + TowerFamily.suffix(p));
            default -> PARTS.source(p, tower.body().hiddenSize(), name -> tower(layer + name));
        };
    }
}
