package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
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
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Tower;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.List;
import java.util.OptionalInt;

/// The tower of Llama 4: a class token, learned positions and rotary embedding by column and row, both counted from 1,
/// a pixel shuffle and an adapter of two linear maps before the projection. Checked against `Llama4VisionModel`.
final class Llama4Vision implements TowerFamily {
    private static final Parts PARTS = new Parts("input_layernorm", "post_attention_layernorm", "self_attn",
            "self_attn.o_proj", "", "mlp.fc1", "mlp.fc2");

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        Config vision = config.child("vision_config");
        int hidden = vision.positive("hidden_size", 768);
        int patch = vision.positive("patch_size", 14);
        int across = vision.positive("image_size", 448) / patch;
        int side = (int) Math.round(1 / Numbers.real(vision, "pixel_shuffle_ratio", NumberRange.FRACTION, 0.5));
        Norm norm = new Norm.Layer(1e-5f);
        int headSize = hidden / vision.positive("num_attention_heads", 16);
        Attention attention = TowerFamily.attention(vision, hidden, "num_attention_heads", Rope.Axial.grid(
                TowerFamily.rotary(vision, headSize / 2, Layout.INTERLEAVED), 2, 1), Bias.ALL);
        Mixer mlp = new Mixer.Mlp(vision.positive("intermediate_size", 5632), Activation.GELU, Bias.ALL);
        Embedding embedding = new Embedding(new Positions.Grid(across, across, Positions.Sampling.NEAREST,
                OptionalInt.of(across * across)), 1, 0, norm).with(new Embedding.Features(
                vision.positive("num_channels", 3), 1, patch, false));
        ModelSpec body = TowerFamily.body("llama4_vision", 1, hidden, embedding, Standard.layers(
                Numbers.layers(vision, "num_hidden_layers"), norm, new Norm.None(), Residual.PLAIN,
                layer -> attention, layer -> mlp), norm);
        return text.withTowers(List.of(new Tower(body, List.of(new Tower.Step.Folded(side, true),
                new Tower.Step.Linear(vision.positive("projector_input_dim", 4096), false),
                new Tower.Step.Activated(Activation.GELU),
                new Tower.Step.Linear(vision.positive("projector_output_dim", 4096), false),
                new Tower.Step.Activated(Activation.GELU), new Tower.Step.Linear(text.hiddenSize(), false)),
                TowerFamily.placeholder(config, 200_092), side, Tower.Axes.TEXT, Tower.Sight.CAUSAL)
                .with(Tower.Films.NONE)));
    }

    @Override
    public List<String> names() {
        return stored("vision_model.patch_embedding.linear.weight").names();
    }

    private static Source.Stored stored(String name) {
        return TowerFamily.stored(name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            return stored(switch (p.place().branch()) {
                case 2 -> "vision_model.vision_adapter.mlp.fc1.weight";
                case 4 -> "vision_model.vision_adapter.mlp.fc2.weight";
                default -> "multi_modal_projector.linear_1.weight";
            });
        }
        long hidden = tower.body().hiddenSize();
        return switch (p.role()) {
            case EMBEDDING -> TowerFamily.shaped(stored("vision_model.class_embedding"), List.of(1L, hidden), hidden);
            case FEATURES -> stored(names().getFirst());
            case POSITIONS -> stored("vision_model.positional_embedding_vlm");
            case EMBEDDING_NORM_WEIGHT, EMBEDDING_NORM_BIAS ->
                    stored("vision_model.layernorm_pre" + TowerFamily.suffix(p));
            case FINAL_WEIGHT, FINAL_BIAS -> stored("vision_model.layernorm_post" + TowerFamily.suffix(p));
            default -> PARTS.source(p, tower.body().hiddenSize(),
                    name -> stored("vision_model.model.layers." + p.sublayer() / 2 + "." + name));
        };
    }
}
