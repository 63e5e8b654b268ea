package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Conformer;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NormedAttention;
import glia.model.spec.NormedAttention.Values;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.Tower;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Span;
import java.util.List;

/// The tower of Gemma 4: learned vectors of columns and rows, halves of heads that rotate by column and by row, norms
/// of queries, keys and values, norms around each mixer, clamps of maps in the smaller models; means of squares, scaled
/// by the root of the width, are mapped. Rows see each other in sliding-window layers of the larger models. Checked
/// against `Gemma4VisionModel`.
final class Gemma4Vision implements TowerFamily {
    private static final Parts PARTS = new Parts("input_layernorm", "pre_feedforward_layernorm", "self_attn",
            "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj");

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        Config vision = config.child("vision_config");
        Standard.refuse(vision, "attention_bias");
        boolean clips = vision.flag("use_clipped_linears", false);
        int hidden = vision.positive("hidden_size", 768);
        int headSize = vision.positive("head_dim", 64);
        int side = vision.positive("pooling_kernel_size", 3);
        float eps = Standard.epsilon(vision, "rms_norm_eps", 1e-6);
        NormedAttention attention = new NormedAttention(vision.positive("num_attention_heads", 12),
                vision.positive("num_key_value_heads", 12), headSize, new Rope.Parts(
                        TowerFamily.rotary(vision, headSize / 2, Layout.HALF_SPLIT, 100), List.of(2, 1)),
                new Span.Bidirectional(), eps, Bias.NONE, Values.PROJECTION);
        Mixer mlp = new Mixer.GatedMlp(vision.positive("intermediate_size", 3072),
                Activations.read(vision, "hidden_activation", "gelu_pytorch_tanh"), Bias.NONE);
        Embedding embedding = new Embedding(new Positions.Axes(vision.positive("position_embedding_size", 10_240),
                false), 1, 0, new Norm.None()).with(new Embedding.Features(3, 1, vision.positive("patch_size", 16),
                        false, new Norm.Signed(), new Norm.None(), true));
        ModelSpec body = TowerFamily.body("gemma4_vision", 0, hidden, embedding, Standard.layers(
                Numbers.layers(vision, "num_hidden_layers"), new Norm.Rms(eps, 0), new Norm.Rms(eps, 0), Residual.PLAIN,
                layer -> Conformer.clipped(attention, clips), layer -> Conformer.clipped(mlp, clips)), new Norm.None());
        Norm standard = vision.flag("standardize", false) ? new Norm.Standardized() : new Norm.None();
        Tower.Sight sight = config.child("text_config").text("use_bidirectional_attention", "").equals("vision")
                ? Tower.Sight.MUTUAL_IN_WINDOWS : Tower.Sight.CAUSAL;
        return text.withTowers(List.of(new Tower(body, List.of(new Tower.Step.Pooled(side),
                new Tower.Step.Scaled((float) Math.sqrt(hidden)), new Tower.Step.Normed(standard),
                new Tower.Step.Normed(new Norm.UnitRms(eps)), new Tower.Step.Linear(text.hiddenSize(), false)),
                config.positive("image_token_id", 258_880), side, Tower.Axes.TEXT, sight).with(Tower.Films.NONE)));
    }

    @Override
    public List<String> names() {
        return tower("patch_embedder.input_proj.weight").names();
    }

    private static Source.Stored tower(String name) {
        return TowerFamily.stored("vision_tower." + name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            return p.role() == Role.OUTPUT ? TowerFamily.stored("embed_vision.embedding_projection.weight")
                    : tower(p.role() == Role.FINAL_WEIGHT ? "std_scale" : "std_bias");
        }
        String layer = "encoder.layers." + p.sublayer() / 2 + ".";
        long rows = tower.body().embedding().positions() instanceof Positions.Axes axes ? axes.count() : 0;
        long hidden = tower.body().hiddenSize();
        return switch (p.role()) {
            case FEATURES -> tower("patch_embedder.input_proj.weight");
            case POSITIONS -> TowerFamily.shaped(tower("patch_embedder.position_embedding_table"),
                    List.of(2 * rows, hidden), 2L, rows, hidden);
            case AFTER_WEIGHT -> tower(layer + "post_" + (p.sublayer() % 2 == 0 ? "attention" : "feedforward")
                    + "_layernorm.weight");
            default -> PARTS.source(p, tower.body().hiddenSize(),
                    name -> tower(layer + name.replace("_proj.weight", "_proj.linear.weight")));
        };
    }
}
