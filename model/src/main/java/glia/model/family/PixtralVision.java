package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Standard;
import glia.model.family.config.TextConfig;
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
import glia.tensor.kernel.RopeTable.Layout;
import java.util.List;
import java.util.stream.IntStream;

/// Pixtral's tower (https://arxiv.org/abs/2410.07073) before the projector of Mistral Small 3.1: pictures of any size,
/// rotary embedding in which rows have the even frequencies and columns the odd ones, the patches of a square to a row.
final class PixtralVision implements TowerFamily {
    private static final Parts PARTS = new Parts("attention_norm", "ffn_norm", "attention", "attention.o_proj",
            "feed_forward.gate_proj", "feed_forward.up_proj", "feed_forward.down_proj");

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        Config vision = config.child("vision_config");
        int hidden = vision.positive("hidden_size", 1024);
        int heads = vision.positive("num_attention_heads", 16);
        int side = config.positive("spatial_merge_size", 2);
        Norm norm = new Norm.Rms(1e-5f, 0);
        int pairs = hidden / heads / 2;
        Rope rope = new Rope.Axial(TowerFamily.rotary(vision, hidden / heads, Layout.HALF_SPLIT),
                IntStream.range(0, pairs).map(i -> 2 * i < pairs ? 1 : 2).boxed().toList(),
                IntStream.range(0, pairs).map(i -> 2 * i < pairs ? 2 * i : 2 * i - (pairs + 1) / 2 * 2 + 1).boxed()
                        .toList());
        Attention attention = TowerFamily.attention(vision, hidden, "num_attention_heads", rope, Bias.NONE);
        Mixer mlp = new Mixer.GatedMlp(vision.positive("intermediate_size", 4096),
                Activations.read(vision, "hidden_act", "gelu"), Bias.NONE);
        int layers = VisionTransformer.lastLayer(config, vision);
        Embedding embedding = new Embedding(new Positions.None(), 1, 0, norm).with(new Embedding.Features(
                vision.positive("num_channels", 3), 1, vision.positive("patch_size", 16), false));
        ModelSpec body = TowerFamily.body("pixtral", 0, hidden, embedding, Standard.layers(layers, norm,
                new Norm.None(), Residual.PLAIN, layer -> attention, layer -> mlp), new Norm.None());
        boolean biased = config.flag("multimodal_projector_bias", false);
        float eps = Standard.epsilon(TextConfig.read(config, "mistral"), "rms_norm_eps", 1e-6);
        return text.withTowers(List.of(new Tower(body, List.of(new Tower.Step.Normed(new Norm.Rms(eps, 0)),
                new Tower.Step.Folded(side, true, true), new Tower.Step.Linear(hidden, false),
                new Tower.Step.Linear(text.hiddenSize(), biased),
                new Tower.Step.Activated(Activations.read(config, "projector_hidden_act", "gelu")),
                new Tower.Step.Linear(text.hiddenSize(), biased)), TowerFamily.placeholder(config, 10), side,
                Tower.Axes.TEXT, Tower.Sight.CAUSAL).with(Tower.Films.NONE)));
    }

    @Override
    public List<String> names() {
        return stored("vision_tower.patch_conv.weight").names();
    }

    private static Source.Stored stored(String name) {
        return TowerFamily.stored(name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            String step = "multi_modal_projector.";
            return TowerFamily.step(p, step + "norm", "", step + "patch_merger.merging_layer", step + "linear_1", "",
                    step + "linear_2");
        }
        return switch (p.role()) {
            case FEATURES -> TowerFamily.patches(stored("vision_tower.patch_conv.weight"), tower, false);
            case EMBEDDING_NORM_WEIGHT -> stored("vision_tower.ln_pre.weight");
            default -> PARTS.source(p, tower.body().hiddenSize(),
                    name -> stored("vision_tower.transformer.layers." + p.sublayer() / 2 + "." + name));
        };
    }
}
