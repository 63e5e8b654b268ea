package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
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
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.model.spec.Tower;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/// The towers of Qwen2-VL (https://arxiv.org/abs/2409.12191), Qwen2.5-VL (https://arxiv.org/abs/2502.13923) and
/// Qwen3-VL (https://arxiv.org/abs/2511.21631): patches of two frames, rotary embedding by row and column, the patches
/// of a square to a row; the language model rotates by time, row and column.
enum QwenVision implements TowerFamily {
    /// Layer norms and plain MLPs.
    QWEN2("fc1", "fc2"),
    /// RMS norms and gated MLPs; most layers attend within windows.
    QWEN2_5("up_proj", "down_proj"),
    /// Layer norms and plain MLPs, learned positions; rows of inner layers are added to the language model's stream.
    QWEN3("linear_fc1", "linear_fc2"),
    /// The same without rows of inner layers.
    QWEN3_5("linear_fc1", "linear_fc2");

    private static final float EPSILON = 1e-6f;

    private final Parts parts;

    QwenVision(String up, String down) {
        parts = new Parts("norm1", "norm2", "attn.qkv", "attn.proj", "mlp.gate_proj", "mlp." + up, "mlp." + down);
    }

    /// Whether the tower has learned positions.
    private boolean isNew() {
        return this == QWEN3 || this == QWEN3_5;
    }

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        Config vision = config.child("vision_config");
        int hidden = this == QWEN2 ? vision.positive("embed_dim", 1280)
                : vision.positive("hidden_size", isNew() ? 1152 : 3584);
        int side = vision.positive("spatial_merge_size", 2);
        int patch = vision.positive("patch_size", isNew() ? 16 : 14);
        Embedding.Features features = new Embedding.Features(vision.positive("in_channels",
                vision.positive("in_chans", 3)), vision.positive("temporal_patch_size", 2), patch, isNew());
        Norm norm = this == QWEN2_5 ? new Norm.Rms(EPSILON, 0) : new Norm.Layer(EPSILON);
        int headSize = hidden / vision.positive("num_heads", 16);
        Attention attention = TowerFamily.attention(vision, hidden, "num_heads", Rope.Axial.grid(
                TowerFamily.rotary(vision, headSize / 2, Layout.HALF_SPLIT), 1, 2), Bias.ALL);
        int depth = Numbers.layers(vision, "depth");
        Set<Integer> full = this == QWEN2_5 ? indexes(vision, "fullatt_block_indexes", List.of(7, 15, 23, 31))
                : Set.of();
        int window = vision.positive("window_size", 112) / patch / side * side;
        List<Sublayer> sublayers = Standard.layers(depth, norm, new Norm.None(), Residual.PLAIN,
                layer -> this != QWEN2_5 || full.contains(layer) ? attention
                        : new Mixer.WindowedAttention(attention, window), layer -> mlp(vision, hidden));
        int table = vision.positive("num_position_embeddings", 2304);
        int across = (int) Math.round(Math.sqrt(table));
        Embedding embedding = !isNew() ? Embedding.PLAIN : new Embedding(new Positions.Grid(across, across,
                Positions.Sampling.LINEAR, OptionalInt.empty()), 1, 0, new Norm.None());
        ModelSpec body = TowerFamily.body("qwen_vision", 0, hidden, embedding.with(features), sublayers,
                new Norm.None());
        int out = text.hiddenSize();
        Tower tower = new Tower(body, merger(norm, hidden, side, out, true), TowerFamily.placeholder(config,
                this == QWEN3_5 ? 248_056 : 151_655), side, Tower.Axes.GRID, Tower.Sight.CAUSAL);
        List<Tower.Tap> taps = new ArrayList<>();
        if (this == QWEN3) {
            for (int layer : indexes(vision, "deepstack_visual_indexes", List.of(8, 16, 24))) {
                taps.add(new Tower.Tap(layer, merger(norm, hidden, side, out, false)));
            }
        }
        ModelSpec rotated = switch (this) {
            case QWEN2, QWEN2_5 -> RopeConfig.withAxes(config, text, false, 16, 24, 24);
            case QWEN3 -> RopeConfig.withAxes(config, text, true, 24, 20, 20);
            case QWEN3_5 -> RopeConfig.withAxes(config, text, true, 11, 11, 10);
        };
        return rotated.withTowers(List.of(tower.withTaps(taps)));
    }

    private Mixer mlp(Config vision, int hidden) throws CheckpointException {
        return switch (this) {
            case QWEN2 -> Activations.mlp(vision, (int) (hidden * Numbers.real(vision, "mlp_ratio", NumberRange.FACTOR,
                    4)), "hidden_act", "quick_gelu");
            case QWEN2_5 -> new Mixer.GatedMlp(vision.positive("intermediate_size", 3420),
                    Activations.read(vision, "hidden_act", "silu"), Bias.ALL);
            case QWEN3, QWEN3_5 -> Activations.mlp(vision, vision.positive("intermediate_size", 4304), "hidden_act",
                    "gelu_pytorch_tanh");
        };
    }

    private static Set<Integer> indexes(Config vision, String key, List<Integer> otherwise)
            throws CheckpointException {
        List<Integer> all = vision.has(key) ? Arrays.stream(vision.integers(key)).boxed().toList() : otherwise;
        return new LinkedHashSet<>(all);
    }

    /// The features of a square to a row.
    ///
    /// @param before whether the norm is that of a feature, not of a square
    private static List<Tower.Step> merger(Norm norm, int hidden, int side, int out, boolean before) {
        Tower.Step fold = new Tower.Step.Folded(side, false);
        Tower.Step normed = new Tower.Step.Normed(norm);
        return List.of(before ? normed : fold, before ? fold : normed,
                new Tower.Step.Linear(side * side * hidden, true), new Tower.Step.Activated(Activation.GELU),
                new Tower.Step.Linear(out, true));
    }

    @Override
    public List<String> names() {
        return stored("patch_embed.proj.weight").names();
    }

    private static Source.Stored stored(String name) {
        return TowerFamily.stored("visual." + name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            int tap = (p.place().branch() - 1) / 5 - 1;
            boolean isNorm = p.role() == Role.FINAL_WEIGHT || p.role() == Role.FINAL_BIAS;
            boolean isFirst = (p.place().branch() - 1) % 5 == 2;
            return stored((tap < 0 ? "merger." : "deepstack_merger_list." + tap + ".")
                    + (isNew() ? isNorm ? "norm" : isFirst ? "linear_fc1" : "linear_fc2"
                    : isNorm ? "ln_q" : isFirst ? "mlp.0" : "mlp.2") + TowerFamily.suffix(p));
        }
        return switch (p.role()) {
            case FEATURES -> TowerFamily.patches(stored("patch_embed.proj.weight"), tower, true);
            case FEATURES_BIAS -> stored("patch_embed.proj.bias");
            case POSITIONS -> stored("pos_embed.weight");
            default -> parts.source(p, tower.body().hiddenSize(),
                    name -> stored("blocks." + p.sublayer() / 2 + "." + name));
        };
    }
}
