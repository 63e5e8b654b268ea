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
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.Tower;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;

/// Vision transformers with learned positions (https://arxiv.org/abs/2010.11929): CLIP's before the projector of LLaVA
/// (https://arxiv.org/abs/2304.08485), SigLIP's (https://arxiv.org/abs/2303.15343) before that of Gemma 3.
enum VisionTransformer implements TowerFamily {
    /// A class token, which is dropped, a norm before the layers, the states of an inner layer; two linear maps. Or
    /// SigLIP's, without those two.
    CLIP {
        @Override
        public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
            Config vision = config.child("vision_config");
            boolean isSigmoid = vision.text("model_type", "").equals("siglip_vision_model");
            Standard.only(config, "vision_feature_select_strategy", isSigmoid ? "full" : "default");
            List<Integer> layers = layers(config, vision, config.isList(LAYER)
                    ? config.integers(LAYER) : new int[] {config.integer(LAYER, -2)});
            Norm norm = new Norm.Layer(Standard.epsilon(vision, "layer_norm_eps", 1e-5));
            int patches = patches(vision);
            Embedding embedding = isSigmoid
                    ? new Embedding(new Positions.Learned(patches * patches), 1, 0, new Norm.None())
                    : new Embedding(new Positions.Learned(patches * patches + 1), 1, 0, norm);
            ModelSpec body = body(vision, embedding, isSigmoid ? 0 : 1, Collections.max(layers), norm,
                    new Norm.None(), isSigmoid, isSigmoid ? "gelu_pytorch_tanh" : "quick_gelu");
            boolean biased = config.flag("multimodal_projector_bias", true);
            List<Tower.Step> steps = new ArrayList<>(layers.size() == 1 ? List.of() : List.of(
                    new Tower.Step.Beside(layers.stream().map(layer -> layer - 1).toList())));
            steps.addAll(List.of(new Tower.Step.Linear(text.hiddenSize(), biased),
                    new Tower.Step.Activated(Activations.read(config, "projector_hidden_act", "gelu")),
                    new Tower.Step.Linear(text.hiddenSize(), biased)));
            if (config.has("image_grid_pinpoints")) {
                List<Integer> heights = new ArrayList<>();
                List<Integer> widths = new ArrayList<>();
                for (int[] size : config.integerLists("image_grid_pinpoints")) {
                    if (size.length != 2) {
                        throw config.error("image_grid_pinpoints", "expected pairs of a height and a width");
                    }
                    heights.add(size[0]);
                    widths.add(size[1]);
                }
                steps.add(new Tower.Step.Tiled(vision.positive("image_size"), patches, heights, widths));
            }
            return text.withTowers(List.of(new Tower(body, steps,
                    TowerFamily.placeholder(config, 32_000), 1, Tower.Axes.TEXT, Tower.Sight.CAUSAL)));
        }

        @Override
        Source projector(Tower tower, Parameter p) {
            if (p.role() == Role.NEWLINE) {
                List<Long> shape = List.of(1L, newlineSize(tower));
                return TowerFamily.shaped(TowerFamily.stored("image_newline"), shape, shape.getLast());
            }
            return TowerFamily.stored("multi_modal_projector.linear_"
                    + (p.place().branch() == 1 + firstLinear(tower) ? 1 : 2) + TowerFamily.suffix(p));
        }
    },

    /// Means of squares of the states, a norm and a linear map. Rows see each other in both directions.
    SIGLIP {
        @Override
        public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
            Config vision = config.child("vision_config");
            float eps = Standard.epsilon(vision, "layer_norm_eps", 1e-6);
            int patches = patches(vision);
            int rows = (int) Math.round(Math.sqrt(config.positive("mm_tokens_per_image", 256)));
            Embedding embedding = new Embedding(new Positions.Learned(patches * patches), 1, 0, new Norm.None());
            ModelSpec body = body(vision, embedding, 0, Numbers.layers(vision, "num_hidden_layers"),
                    new Norm.Layer(eps), new Norm.Layer(eps), true, "gelu_pytorch_tanh");
            return text.withTowers(List.of(new Tower(body, List.of(new Tower.Step.Pooled(patches / rows),
                    new Tower.Step.Normed(new Norm.Rms(eps, 1)), new Tower.Step.Linear(text.hiddenSize(), false)),
                    TowerFamily.placeholder(config, 262_144), patches / rows, Tower.Axes.TEXT, Tower.Sight.MUTUAL)));
        }

        @Override
        Source projector(Tower tower, Parameter p) {
            return p.role() == Role.OUTPUT
                    ? new Source.Transposed(TowerFamily.stored("multi_modal_projector.mm_input_projection_weight"))
                    : TowerFamily.stored("multi_modal_projector.mm_soft_emb_norm.weight");
        }
    },

    /// SigLIP's of pictures of any size, whose squares of states are one row (pixel shuffle), of Idefics3
    /// (https://arxiv.org/abs/2408.12637) and SmolVLM (https://arxiv.org/abs/2504.05299).
    SHUFFLED {
        @Override
        public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
            Config vision = config.child("vision_config");
            Norm norm = new Norm.Layer(Standard.epsilon(vision, "layer_norm_eps", 1e-6));
            int side = config.positive("scale_factor", 2);
            Embedding embedding = new Embedding(new Positions.Grid(patches(vision), patches(vision),
                    Positions.Sampling.NEAREST, OptionalInt.empty()), 1, 0, new Norm.None());
            ModelSpec body = body(vision, embedding, 0, Numbers.layers(vision, "num_hidden_layers"), norm, norm, true,
                    "gelu_pytorch_tanh");
            return text.withTowers(List.of(new Tower(body, List.of(new Tower.Step.Folded(side, true),
                    new Tower.Step.Linear(text.hiddenSize(), false)), TowerFamily.placeholder(config, 128_257), side,
                    Tower.Axes.TEXT, Tower.Sight.CAUSAL).with(Tower.Films.NONE)));
        }

        @Override
        Source projector(Tower tower, Parameter p) {
            return TowerFamily.stored("connector.modality_projection.proj.weight");
        }
    };

    /// The states that are projected, by their number; several side by side.
    static final String LAYER = "vision_feature_layer";

    /// The width of the last linear map.
    static long newlineSize(Tower tower) {
        return ((Tower.Step.Linear) tower.projector().get(firstLinear(tower) + 2)).outputs();
    }

    /// The number of the first linear map among the steps.
    static int firstLinear(Tower tower) {
        return tower.projector().getFirst() instanceof Tower.Step.Beside ? 1 : 0;
    }

    abstract Source projector(Tower tower, Parameter p);

    /// The number of layers up to the one whose states are projected, all by default.
    static int lastLayer(Config config, Config vision) throws CheckpointException {
        return layers(config, vision, config.integer(LAYER, -1)).getFirst();
    }

    /// The numbers of layers up to those whose states are projected.
    ///
    /// @param wanted the numbers of states, from the last one if negative
    private static List<Integer> layers(Config config, Config vision, int... wanted) throws CheckpointException {
        int all = Numbers.layers(vision, "num_hidden_layers");
        List<Integer> layers = new ArrayList<>();
        for (int number : wanted) {
            layers.add(number < 0 ? all + 1 + number : number);
        }
        if (layers.isEmpty() || Collections.min(layers) < 1 || Collections.max(layers) > all) {
            throw config.error(LAYER, "found " + Arrays.toString(wanted) + ", expected one or more of the " + all
                    + " layers");
        }
        return layers;
    }

    /// Patches along a side.
    private static int patches(Config vision) throws CheckpointException {
        return vision.positive("image_size") / vision.positive("patch_size");
    }

    private static ModelSpec body(Config vision, Embedding embedding, int vocabulary, int layers, Norm norm,
            Norm last, boolean biased, String activation) throws CheckpointException {
        int hidden = vision.positive("hidden_size");
        Attention attention = TowerFamily.attention(vision, hidden, "num_attention_heads", new Rope.None(), Bias.ALL);
        Mixer mlp = Activations.mlp(vision, vision.positive("intermediate_size"), "hidden_act", activation);
        return TowerFamily.body("vit", vocabulary, hidden, embedding.with(new Embedding.Features(
                vision.positive("num_channels", 3), 1, vision.positive("patch_size"), biased)), Standard.layers(layers,
                norm, new Norm.None(), Residual.PLAIN, layer -> attention, layer -> mlp), last);
    }

    @Override
    public List<String> names() {
        return tower("embeddings.patch_embedding.weight").names();
    }

    private static Source.Stored tower(String name) {
        return new Source.Stored("vision_tower.vision_model." + name, "vision_tower." + name,
                "model.vision_tower.vision_model." + name, "model.vision_tower." + name,
                "model.vision_model." + name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            return projector(tower, p);
        }
        long hidden = tower.body().hiddenSize();
        return switch (p.role()) {
            case EMBEDDING -> TowerFamily.shaped(tower("embeddings.class_embedding"), List.of(1L, hidden), hidden);
            case FEATURES -> TowerFamily.patches(tower("embeddings.patch_embedding.weight"), tower, false);
            case FEATURES_BIAS -> tower("embeddings.patch_embedding.bias");
            case POSITIONS -> tower("embeddings.position_embedding.weight");
            case EMBEDDING_NORM_WEIGHT, EMBEDDING_NORM_BIAS -> tower("pre_layrnorm" + TowerFamily.suffix(p));
            case FINAL_WEIGHT, FINAL_BIAS -> tower("post_layernorm" + TowerFamily.suffix(p));
            default -> Parts.CLIP.source(p, tower.body().hiddenSize(),
                    name -> tower("encoder.layers." + p.sublayer() / 2 + "." + name));
        };
    }
}
