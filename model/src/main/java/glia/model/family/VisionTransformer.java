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
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.model.spec.Tower;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// Vision transformers with learned positions (https://arxiv.org/abs/2010.11929): CLIP's before the projector of LLaVA
/// (https://arxiv.org/abs/2304.08485), SigLIP's (https://arxiv.org/abs/2303.15343) before that of Gemma 3.
enum VisionTransformer implements TowerFamily {
    /// A class token, which is dropped, a norm before the layers, the states of an inner layer; two linear maps.
    CLIP {
        @Override
        public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
            Standard.only(config, "vision_feature_select_strategy", "default");
            Config vision = config.child("vision_config");
            int all = Numbers.layers(vision, "num_hidden_layers");
            int wanted = config.integer("vision_feature_layer", -2);
            int layers = wanted < 0 ? all + 1 + wanted : wanted;
            if (layers < 1 || layers > all) {
                throw config.error("vision_feature_layer", "found " + wanted + ", expected one of the " + all
                        + " layers");
            }
            Norm norm = new Norm.Layer(Standard.epsilon(vision, "layer_norm_eps", 1e-5));
            int patches = patches(vision);
            Embedding embedding = new Embedding(new Positions.Learned(patches * patches + 1), 1, 0, norm);
            ModelSpec body = body(vision, embedding, 1, layers, norm, new Norm.None(), false, "quick_gelu");
            boolean biased = config.flag("multimodal_projector_bias", true);
            List<Tower.Step> steps = new ArrayList<>(List.of(new Tower.Step.Linear(text.hiddenSize(), biased),
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
                    placeholder(config, 32_000), 1, Tower.Axes.TEXT, Tower.Sight.CAUSAL)));
        }

        @Override
        Source projector(Tower tower, Parameter p) {
            if (p.role() == Role.NEWLINE) {
                List<Long> shape = List.of(1L, newlineSize(tower));
                return TowerFamily.shaped(stored("image_newline"), shape, shape.getLast());
            }
            return stored("multi_modal_projector.linear_" + (p.place().branch() == 1 ? 1 : 2)
                    + TowerFamily.suffix(p));
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
                    placeholder(config, 262_144), patches / rows, Tower.Axes.TEXT, Tower.Sight.MUTUAL)));
        }

        @Override
        Source projector(Tower tower, Parameter p) {
            return p.role() == Role.OUTPUT
                    ? new Source.Transposed(stored("multi_modal_projector.mm_input_projection_weight"))
                    : stored("multi_modal_projector.mm_soft_emb_norm.weight");
        }
    };

    /// The width of the last linear map.
    private static long newlineSize(Tower tower) {
        return ((Tower.Step.Linear) tower.projector().get(2)).outputs();
    }

    abstract Source projector(Tower tower, Parameter p);

    private static int placeholder(Config config, int otherwise) throws CheckpointException {
        return config.positive("image_token_index", config.positive("image_token_id", otherwise));
    }

    /// Patches along a side.
    private static int patches(Config vision) throws CheckpointException {
        return vision.positive("image_size") / vision.positive("patch_size");
    }

    private static ModelSpec body(Config vision, Embedding embedding, int vocabulary, int layers, Norm norm,
            Norm last, boolean biased, String activation) throws CheckpointException {
        int hidden = vision.positive("hidden_size");
        int patch = vision.positive("patch_size");
        int heads = vision.positive("num_attention_heads");
        Attention attention = Attention.causal(heads, heads, hidden / heads, new Rope.None(), Bias.ALL)
                .with(new Span.Bidirectional());
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            sublayers.add(new Sublayer(layer, norm, attention));
            sublayers.add(new Sublayer(layer, norm, Activations.mlp(vision, vision.positive("intermediate_size"),
                    "hidden_act", activation)));
        }
        int size = vision.positive("num_channels", 3) * patch * patch;
        return new ModelSpec("vit", vocabulary, hidden, ((Positions.Learned) embedding.positions()).count(),
                embedding.with(new Embedding.Features(size, biased)), sublayers, last, Head.ABSENT);
    }

    @Override
    public List<String> names() {
        return tower("embeddings.patch_embedding.weight").names();
    }

    private static Source.Stored stored(String name) {
        return new Source.Stored(name, "model." + name);
    }

    private static Source.Stored tower(String name) {
        return new Source.Stored("vision_tower.vision_model." + name, "vision_tower." + name,
                "model.vision_tower.vision_model." + name, "model.vision_tower." + name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (TowerFamily.isOfProjector(p)) {
            return projector(tower, p);
        }
        long hidden = tower.body().hiddenSize();
        if (p.sublayer() >= 0) {
            return tower("encoder.layers." + p.sublayer() / 2 + "."
                    + TowerFamily.inLayer(p, "layer_norm1", "layer_norm2", "self_attn.out_proj")
                    + TowerFamily.suffix(p));
        }
        return switch (p.role()) {
            case EMBEDDING -> TowerFamily.shaped(tower("embeddings.class_embedding"), List.of(1L, hidden), hidden);
            case FEATURES -> {
                long patch = Math.round(Math.sqrt(tower.featureSize() / 3.0));
                long channels = tower.featureSize() / (patch * patch);
                yield TowerFamily.shaped(tower("embeddings.patch_embedding.weight"),
                        List.of(hidden, (long) tower.featureSize()), hidden, channels, patch, patch);
            }
            case FEATURES_BIAS -> tower("embeddings.patch_embedding.bias");
            case POSITIONS -> tower("embeddings.position_embedding.weight");
            case EMBEDDING_NORM_WEIGHT, EMBEDDING_NORM_BIAS -> tower("pre_layrnorm" + TowerFamily.suffix(p));
            case FINAL_WEIGHT, FINAL_BIAS -> tower("post_layernorm" + TowerFamily.suffix(p));
            default -> throw TowerFamily.unknown(p.role());
        };
    }
}
