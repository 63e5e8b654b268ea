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
import java.util.OptionalInt;
import java.util.stream.IntStream;

/// MoonViT, the tower of Kimi K2.5 (https://arxiv.org/abs/2504.07491): learned positions sampled to pictures of any
/// size, rotary embedding whose pairs turn by column and row in turn, the patches of a square to a row. Films, whose
/// frames get sinusoidal positions, are not supported.
final class KimiVision implements TowerFamily {
    private static final Parts PARTS = new Parts("norm0", "norm1", "wqkv", "wo", "", "mlp.fc0", "mlp.fc1");

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        Config vision = config.child("vision_config");
        for (String key : List.of("hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size")) {
            vision = vision.orElse(key, "vt_" + key);
        }
        vision = vision.orElse("pos_emb_height", "init_pos_emb_height").orElse("pos_emb_width", "init_pos_emb_width");
        int hidden = vision.positive("hidden_size", 1152);
        int side = TowerFamily.side(vision, "merge_kernel_size", 2);
        Norm norm = new Norm.Layer(1e-5f);
        int pairs = hidden / vision.positive("num_attention_heads", 16) / 2;
        Rope rope = new Rope.Axial(TowerFamily.rotary(vision, pairs, Layout.INTERLEAVED),
                IntStream.range(0, pairs).map(i -> 2 - i % 2).boxed().toList(),
                IntStream.range(0, pairs).map(i -> i / 2).boxed().toList());
        Attention attention = TowerFamily.attention(vision, hidden, "num_attention_heads", rope, Bias.ALL);
        Mixer mlp = Activations.mlp(vision, vision.positive("intermediate_size", 4304), "hidden_act",
                "gelu_pytorch_tanh");
        Positions positions = new Positions.Grid(vision.positive("pos_emb_height", 64),
                vision.positive("pos_emb_width", 64), Positions.Sampling.CUBIC, OptionalInt.empty());
        Embedding embedding = new Embedding(positions, 1, 0, new Norm.None()).with(new Embedding.Features(3, 1,
                vision.positive("patch_size", 14), true));
        ModelSpec body = TowerFamily.body("moonvit", vision, "num_hidden_layers", hidden, embedding, norm, attention,
                mlp, norm);
        Norm before = new Norm.Layer(Standard.epsilon(config, "projection_layer_norm_eps",
                vision.real("projector_ln_eps", 1e-5)));
        return text.withTowers(List.of(new Tower(body, List.of(new Tower.Step.Normed(before),
                new Tower.Step.Folded(side, true), new Tower.Step.Linear(side * side * hidden, true),
                new Tower.Step.Activated(Activation.GELU), new Tower.Step.Linear(text.hiddenSize(), true)),
                config.orElse("image_token_id", "media_placeholder_token_id").positive("image_token_id", 163_605),
                side, Tower.Axes.TEXT, Tower.Sight.CAUSAL).with(Tower.Films.NONE)));
    }

    @Override
    public List<String> names() {
        return TowerFamily.stored("vision_tower.patch_embed.proj.weight").names();
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            return TowerFamily.step(p, "mm_projector.pre_norm", "", "mm_projector.proj.0", "", "mm_projector.proj.2");
        }
        Positions.Grid grid = (Positions.Grid) tower.body().embedding().positions();
        long hidden = tower.body().hiddenSize();
        return switch (p.role()) {
            case FEATURES -> TowerFamily.patches(TowerFamily.stored("vision_tower.patch_embed.proj.weight"), tower,
                    false);
            case FEATURES_BIAS -> TowerFamily.stored("vision_tower.patch_embed.proj.bias");
            case POSITIONS -> TowerFamily.shaped(TowerFamily.stored("vision_tower.patch_embed.pos_emb.weight"),
                    List.of((long) grid.count(), hidden), (long) grid.height(), (long) grid.width(), hidden);
            case FINAL_WEIGHT, FINAL_BIAS ->
                    TowerFamily.stored("vision_tower.encoder.final_layernorm" + TowerFamily.suffix(p));
            default -> PARTS.source(p, tower.body().hiddenSize(),
                    name -> TowerFamily.stored("vision_tower.encoder.blocks." + p.sublayer() / 2 + "." + name));
        };
    }
}
