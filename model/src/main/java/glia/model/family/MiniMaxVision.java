package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Standard;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Rope;
import glia.model.spec.Tower;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.List;

/// The tower of MiniMax-M3: CLIP's layers over patches of two frames, rotary embedding by time, row and column in a
/// part of each head, frames that see each other; one MLP for each patch, one for each square.
final class MiniMaxVision implements TowerFamily {
    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        Config vision = config.child("vision_config");
        int hidden = vision.positive("hidden_size", 1280);
        int side = vision.positive("spatial_merge_size", 2);
        Norm norm = new Norm.Layer(Standard.epsilon(vision, "layer_norm_eps", 1e-5));
        int headSize = hidden / vision.positive("num_attention_heads", 16);
        Attention attention = TowerFamily.attention(vision, hidden, "num_attention_heads", Rope.Axial.grid(
                TowerFamily.rotary(vision, headSize / 6 * 2, Layout.HALF_SPLIT), 0, 1, 2), Bias.ALL);
        Mixer mlp = Activations.mlp(vision, vision.positive("intermediate_size", 5120), "hidden_act", "gelu");
        Embedding embedding = new Embedding(new Positions.None(), 1, 0, norm).with(new Embedding.Features(
                vision.positive("num_channels", 3), vision.positive("temporal_patch_size", 2),
                vision.positive("patch_size", 14), false));
        ModelSpec body = TowerFamily.body("minimax_m3_vision", vision, "num_hidden_layers", hidden, embedding, norm,
                attention, mlp, new Norm.None());
        int inner = config.positive("projector_hidden_size", 6144);
        int out = text.hiddenSize();
        Tower.Step gelu = new Tower.Step.Activated(Activation.GELU);
        return text.withTowers(List.of(new Tower(body, List.of(new Tower.Step.Linear(inner, true), gelu,
                new Tower.Step.Linear(out, true), new Tower.Step.Folded(side, false),
                new Tower.Step.Linear(inner, true), gelu, new Tower.Step.Linear(out, true)),
                TowerFamily.placeholder(config, 200_025), side, Tower.Axes.TEXT, Tower.Sight.CAUSAL)
                .with(Tower.Films.TOGETHER)));
    }

    @Override
    public List<String> names() {
        return tower("embeddings.patch_embedding.weight").names();
    }

    private static Source.Stored tower(String name) {
        return TowerFamily.stored("vision_tower.vision_model." + name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            return TowerFamily.step(p, "multi_modal_projector.linear_1", "", "multi_modal_projector.linear_2", "",
                    "patch_merge_mlp.linear_1", "", "patch_merge_mlp.linear_2");
        }
        return switch (p.role()) {
            case FEATURES -> TowerFamily.patches(tower("embeddings.patch_embedding.weight"), tower, true);
            case EMBEDDING_NORM_WEIGHT, EMBEDDING_NORM_BIAS -> tower("pre_layrnorm" + TowerFamily.suffix(p));
            default -> Parts.CLIP.source(p, tower.body().hiddenSize(),
                    name -> tower("encoder.layers." + p.sublayer() / 2 + "." + name));
        };
    }
}
