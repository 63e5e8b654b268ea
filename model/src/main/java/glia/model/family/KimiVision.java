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
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Tower;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/// MoonViT, the tower of Kimi K2.5 (https://arxiv.org/abs/2504.07491): learned positions sampled to pictures of any size,
/// rotary embedding whose pairs turn by column and row in turn, the patches of a square to a row. Films, whose frames
/// get sinusoidal positions, are not supported.
final class KimiVision implements TowerFamily {
    private static final Parts PARTS = new Parts("norm0", "norm1", "wqkv", "wo", "", "mlp.fc0", "mlp.fc1");

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        Config vision = config.child("vision_config");
        int hidden = vision.positive("hidden_size", vision.positive("vt_hidden_size", 1152));
        String heads = vision.has("vt_num_attention_heads") ? "vt_num_attention_heads" : "num_attention_heads";
        String depth = vision.has("vt_num_hidden_layers") ? "vt_num_hidden_layers" : "num_hidden_layers";
        int[] kernel = vision.has("merge_kernel_size") ? vision.integers("merge_kernel_size") : new int[] {2, 2};
        if (kernel.length != 2 || kernel[0] != kernel[1]) {
            throw vision.error("merge_kernel_size", "found " + Arrays.toString(kernel) + ", expected a square");
        }
        Norm norm = new Norm.Layer(1e-5f);
        int pairs = hidden / vision.positive(heads, 16) / 2;
        Rope rope = new Rope.Axial(TowerFamily.rotary(vision, pairs, Layout.INTERLEAVED),
                IntStream.range(0, pairs).map(i -> 2 - i % 2).boxed().toList(),
                IntStream.range(0, pairs).map(i -> i / 2).boxed().toList());
        Attention attention = TowerFamily.attention(vision, hidden, heads, rope, Bias.ALL);
        Mixer mlp = Activations.mlp(vision, vision.positive("intermediate_size",
                vision.positive("vt_intermediate_size", 4304)), "hidden_act", "gelu_pytorch_tanh");
        Positions positions = new Positions.Grid(vision.positive("pos_emb_height",
                vision.positive("init_pos_emb_height", 64)), vision.positive("pos_emb_width",
                vision.positive("init_pos_emb_width", 64)), Positions.Sampling.CUBIC, OptionalInt.empty());
        Embedding embedding = new Embedding(positions, 1, 0, new Norm.None()).with(new Embedding.Features(3, 1,
                vision.positive("patch_size", 14), true));
        ModelSpec body = TowerFamily.body("moonvit", 0, hidden, embedding, Standard.layers(
                Numbers.layers(vision, depth), norm, new Norm.None(), Residual.PLAIN, layer -> attention,
                layer -> mlp), norm);
        Norm before = new Norm.Layer(Standard.epsilon(config, "projection_layer_norm_eps",
                vision.real("projector_ln_eps", 1e-5)));
        return text.withTowers(List.of(new Tower(body, List.of(new Tower.Step.Normed(before),
                new Tower.Step.Folded(kernel[0], true), new Tower.Step.Linear(kernel[0] * kernel[0] * hidden, true),
                new Tower.Step.Activated(Activation.GELU), new Tower.Step.Linear(text.hiddenSize(), true)),
                placeholder(config), kernel[0], Tower.Axes.TEXT, Tower.Sight.CAUSAL).with(Tower.Films.NONE)));
    }

    private static int placeholder(Config config) throws CheckpointException {
        return config.positive("image_token_id", config.positive("media_placeholder_token_id", 163_605));
    }

    @Override
    public List<String> names() {
        return stored("vision_tower.patch_embed.proj.weight").names();
    }

    private static Source.Stored stored(String name) {
        return TowerFamily.stored(name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            return stored("mm_projector." + switch (p.place().branch()) {
                case 1 -> "pre_norm";
                case 3 -> "proj.0";
                default -> "proj.2";
            } + TowerFamily.suffix(p));
        }
        Positions.Grid grid = (Positions.Grid) tower.body().embedding().positions();
        long hidden = tower.body().hiddenSize();
        return switch (p.role()) {
            case FEATURES -> TowerFamily.patches(stored("vision_tower.patch_embed.proj.weight"), tower, false);
            case FEATURES_BIAS -> stored("vision_tower.patch_embed.proj.bias");
            case POSITIONS -> TowerFamily.shaped(stored("vision_tower.patch_embed.pos_emb.weight"),
                    List.of((long) grid.count(), hidden), (long) grid.height(), (long) grid.width(), hidden);
            case FINAL_WEIGHT, FINAL_BIAS -> stored("vision_tower.encoder.final_layernorm" + TowerFamily.suffix(p));
            default -> PARTS.source(p, tower.body().hiddenSize(),
                    name -> stored("vision_tower.encoder.blocks." + p.sublayer() / 2 + "." + name));
        };
    }
}
