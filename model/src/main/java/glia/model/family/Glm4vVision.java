package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.RopeConfig;
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
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.Tower;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/// The tower of GLM-4.1V (https://arxiv.org/abs/2507.01006): patches of two frames, normalized before learned
/// positions, rotary embedding by row and column, gated MLPs; a convolution over squares and a gated MLP make rows.
final class Glm4vVision implements TowerFamily {
    private static final Parts PARTS = new Parts("norm1", "norm2", "attn.qkv", "attn.proj", "mlp.gate_proj",
            "mlp.up_proj", "mlp.down_proj");

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        Config vision = config.child("vision_config");
        int hidden = vision.positive("hidden_size", 1536);
        int patch = vision.positive("patch_size", 14);
        int side = vision.positive("spatial_merge_size", 2);
        int across = vision.positive("image_size", 336) / patch;
        int out = vision.positive("out_hidden_size", 4096);
        Activation activation = Activations.read(vision, "hidden_act", "silu");
        Norm norm = new Norm.Rms(Standard.epsilon(vision, "rms_norm_eps", 1e-5), 0);
        int headSize = hidden / vision.positive("num_heads", 12);
        Attention attention = TowerFamily.attention(vision, hidden, "num_heads", Rope.Axial.grid(
                TowerFamily.rotary(vision, headSize / 2, Layout.HALF_SPLIT), 1, 2),
                vision.flag("attention_bias", false) ? Bias.INPUTS : Bias.NONE);
        Embedding embedding = new Embedding(new Positions.Grid(across, across, Positions.Sampling.CUBIC,
                OptionalInt.empty()), 1, 0, new Norm.None()).with(new Embedding.Features(
                vision.positive("in_channels", 3), vision.positive("temporal_patch_size", 2), patch, true,
                new Norm.None(), norm, false));
        ModelSpec body = TowerFamily.body("glm4v_vision", vision, "depth", hidden, embedding, norm, attention,
                new Mixer.GatedMlp(out, activation, Bias.NONE), norm);
        return RopeConfig.withAxes(config, text, false, 8, 12, 12).withTowers(List.of(new Tower(body, List.of(
                new Tower.Step.Folded(side, false, true), new Tower.Step.Linear(out, true),
                new Tower.Step.Linear(out, false), new Tower.Step.Normed(new Norm.Layer(1e-5f)),
                new Tower.Step.Activated(Activation.GELU), new Tower.Step.Gated(new Mixer.GatedMlp(
                        vision.positive("intermediate_size", 13_696), activation, Bias.NONE))),
                config.positive("image_token_id", 151_343), side, Tower.Axes.GRID, Tower.Sight.CAUSAL)));
    }

    /// The convolution over squares, as a matrix.
    static Source downsample(Source.Stored whole, Tower tower) {
        long hidden = tower.body().hiddenSize();
        long out = ((Tower.Step.Linear) tower.projector().get(1)).outputs();
        long side = tower.side();
        return TowerFamily.shaped(whole, List.of(out, hidden * side * side), out, hidden, side, side);
    }

    @Override
    public List<String> names() {
        return TowerFamily.stored("visual.patch_embed.proj.weight").names();
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            String gated = p.role().name().toLowerCase(Locale.ROOT);
            Source.Stored whole = TowerFamily.step(p, "", "visual.downsample", "visual.merger.proj",
                    "visual.merger.post_projection_norm", "", "visual.merger." + gated + "_proj");
            return p.place().branch() != 2 || p.role() != Role.OUTPUT ? whole : downsample(whole, tower);
        }
        return switch (p.role()) {
            case FEATURES -> TowerFamily.patches(TowerFamily.stored("visual.patch_embed.proj.weight"), tower, true);
            case FEATURES_BIAS -> TowerFamily.stored("visual.patch_embed.proj.bias");
            case FEATURES_AFTER_WEIGHT -> TowerFamily.stored("visual.post_conv_layernorm.weight");
            case POSITIONS -> TowerFamily.stored("visual.embeddings.position_embedding.weight");
            case FINAL_WEIGHT -> TowerFamily.stored("visual.post_layernorm.weight");
            default -> PARTS.source(p, tower.body().hiddenSize(),
                    name -> TowerFamily.stored("visual.blocks." + p.sublayer() / 2 + "." + name));
        };
    }
}
