package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.Sublayer;
import glia.model.spec.Tower;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// The tower of Qwen2-VL (https://arxiv.org/abs/2409.12191): patches of two frames, rotary embedding by row and column,
/// four patches to a row; the language model rotates by time, row and column.
final class Qwen2Vision implements TowerFamily {
    private static final float EPSILON = 1e-6f;

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        Config vision = config.child("vision_config");
        int hidden = vision.positive("embed_dim", 1280);
        int heads = vision.positive("num_heads", 16);
        int side = vision.positive("spatial_merge_size", 2);
        int patch = vision.positive("patch_size", 14);
        int size = vision.positive("in_channels", vision.positive("in_chans", 3))
                * vision.positive("temporal_patch_size", 2) * patch * patch;
        Norm norm = new Norm.Layer(EPSILON);
        Rope rope = Rope.Axial.grid(new Rope.Rotary(hidden / heads / 2, 10_000, new RopeScaling.None(),
                Layout.HALF_SPLIT), 2);
        Attention attention = Attention.causal(heads, heads, hidden / heads, rope, Bias.ALL)
                .with(new Span.Bidirectional());
        int width = (int) (hidden * Numbers.real(vision, "mlp_ratio", NumberRange.FACTOR, 4));
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < Numbers.layers(vision, "depth"); layer++) {
            sublayers.add(new Sublayer(layer, norm, attention));
            sublayers.add(new Sublayer(layer, norm, Activations.mlp(vision, width, "hidden_act", "quick_gelu")));
        }
        ModelSpec body = new ModelSpec("qwen2_vl_vision", 0, hidden, 1 << 16,
                Embedding.PLAIN.with(new Embedding.Features(size, false)), sublayers, new Norm.None(), Head.ABSENT);
        int folded = side * side;
        Tower tower = new Tower(body, List.of(new Tower.Step.Normed(norm), new Tower.Step.Folded(folded),
                new Tower.Step.Linear(folded * hidden, true), new Tower.Step.Activated(Activation.GELU),
                new Tower.Step.Linear(text.hiddenSize(), true)), config.positive("image_token_id", 151_655), side,
                Tower.Axes.GRID, Tower.Sight.CAUSAL);
        return RopeConfig.withAxes(config, text).withTowers(List.of(tower));
    }

    @Override
    public List<String> names() {
        return stored("patch_embed.proj.weight").names();
    }

    private static Source.Stored stored(String name) {
        return new Source.Stored("visual." + name, "model.visual." + name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            return stored("merger." + switch (p.place().branch()) {
                case 1 -> "ln_q";
                case 3 -> "mlp.0";
                default -> "mlp.2";
            } + TowerFamily.suffix(p));
        }
        int hidden = tower.body().hiddenSize();
        if (p.role() == Role.FEATURES) {
            long patch = Math.round(Math.sqrt(tower.featureSize() / 6.0));
            return TowerFamily.shaped(stored("patch_embed.proj.weight"), List.of((long) hidden,
                    (long) tower.featureSize()), (long) hidden, 3L, 2L, patch, patch);
        }
        String block = "blocks." + p.sublayer() / 2 + ".";
        int part = List.of(Role.QUERY, Role.QUERY_BIAS, Role.KEY, Role.KEY_BIAS, Role.VALUE, Role.VALUE_BIAS)
                .indexOf(p.role());
        return part < 0 ? stored(block + TowerFamily.inLayer(p, "norm1", "norm2", "attn.proj") + TowerFamily.suffix(p))
                : new Source.Rows(stored(block + "attn.qkv" + TowerFamily.suffix(p)), part / 2 * hidden, hidden,
                        3 * hidden);
    }
}
