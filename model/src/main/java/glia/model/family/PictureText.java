package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.CrossAttention;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.model.spec.Tower;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/// Models that compare texts with pictures. The text model's head makes vectors of tokens, of which the one at the end
/// is the text's embedding; the tower makes one row of a picture. Checked against `CLIPModel` and `SiglipModel`.
enum PictureText implements Family {
    /// CLIP (https://arxiv.org/abs/2103.00020): causal text, the state of its end token; the class token of pictures.
    CLIP("clip", 1e-5, "quick_gelu",
            Map.of("hidden_size", 512, "intermediate_size", 2048, "num_hidden_layers", 12, "num_attention_heads", 8,
                    "max_position_embeddings", 77, "vocab_size", 49_408, "eos_token_id", 49_407),
            Map.of("hidden_size", 768, "intermediate_size", 3072, "num_hidden_layers", 12, "num_attention_heads", 12,
                    "image_size", 224, "patch_size", 32, "num_channels", 3)),

    /// SigLIP (https://arxiv.org/abs/2303.15343): text in both directions, padding included, the state of its last
    /// place; pictures have a head that attends to all patches.
    SIGLIP("siglip", 1e-6, "gelu_pytorch_tanh",
            Map.of("hidden_size", 768, "intermediate_size", 3072, "num_hidden_layers", 12, "num_attention_heads", 12,
                    "max_position_embeddings", 64, "vocab_size", 32_000, "pad_token_id", 1),
            Map.of("hidden_size", 768, "intermediate_size", 3072, "num_hidden_layers", 12, "num_attention_heads", 12,
                    "image_size", 224, "patch_size", 16, "num_channels", 3));

    private static final String VISION = "vision_model.";
    private static final String HEAD = "vision_model.head.";
    /// The end token of old configs of CLIP, which does not say where a text ends.
    private static final int OLD_END = 2;

    private final String modelType;
    private final double epsilon;
    private final String activation;
    private final Map<String, Integer> textDefaults;
    private final Map<String, Integer> visionDefaults;

    PictureText(String modelType, double epsilon, String activation, Map<String, Integer> textDefaults,
            Map<String, Integer> visionDefaults) {
        this.modelType = modelType;
        this.epsilon = epsilon;
        this.activation = activation;
        this.textDefaults = textDefaults;
        this.visionDefaults = visionDefaults;
    }

    @Override
    public List<String> modelTypes() {
        return List.of(modelType);
    }

    /// A part of the config with the defaults of its class.
    private static Config part(Config config, String key, Map<String, Integer> defaults) throws CheckpointException {
        Config part = config.child(key, Map.of());
        for (Map.Entry<String, Integer> entry : new TreeMap<>(defaults).entrySet()) {
            part = part.has(entry.getKey()) ? part : part.with(entry.getKey(), entry.getValue());
        }
        return part;
    }

    private Norm norm(Config part) throws CheckpointException {
        return new Norm.Layer(Standard.epsilon(part, "layer_norm_eps", epsilon));
    }

    private Mixer.Mlp mlp(Config part) throws CheckpointException {
        return Activations.mlp(part, part.positive("intermediate_size"), "hidden_act", activation);
    }

    private List<Sublayer> layers(Config part, boolean causal) throws CheckpointException {
        Attention all = TowerFamily.attention(part, part.positive("hidden_size"), "num_attention_heads",
                new Rope.None(), Bias.ALL);
        Attention attention = causal ? all.with(new Span.Causal()) : all;
        Mixer mlp = mlp(part);
        return Standard.layers(Numbers.layers(part, "num_hidden_layers"), norm(part), new Norm.None(), Residual.PLAIN,
                layer -> attention, layer -> mlp);
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Config text = part(config, "text_config", textDefaults);
        Config vision = part(config, "vision_config", visionDefaults);
        int hidden = text.positive("hidden_size");
        int size = this == CLIP ? config.positive("projection_dim", 512) : text.positive("projection_size", hidden);
        int context = text.positive("max_position_embeddings");
        Head head = new Head(Head.Matrix.SEPARATE, Head.Transform.NONE, this == CLIP ? Bias.NONE : Bias.ALL,
                new Head.Logits.Plain(), Optional.empty(), OptionalInt.of(size));
        return new ModelSpec(modelType, text.positive("vocab_size"), hidden, context,
                new Embedding(new Positions.Learned(context), 1, 0, new Norm.None()), layers(text, this == CLIP),
                norm(text), head).withTowers(List.of(new Tower(body(vision), steps(text, vision, size), 0, 1,
                Tower.Axes.TEXT, Tower.Sight.CAUSAL).with(Tower.Films.NONE)));
    }

    private ModelSpec body(Config vision) throws CheckpointException {
        int across = TowerFamily.side(vision, "image_size", 224) / TowerFamily.side(vision, "patch_size", 32);
        int leading = this == CLIP ? 1 : 0;
        Embedding embedding = new Embedding(new Positions.Learned(across * across + leading), 1, 0,
                this == CLIP ? norm(vision) : new Norm.None()).with(new Embedding.Features(
                vision.positive("num_channels"), 1, TowerFamily.side(vision, "patch_size", 32), this == SIGLIP));
        return TowerFamily.body("vit", leading, vision.positive("hidden_size"), embedding, layers(vision, false),
                norm(vision));
    }

    private List<Tower.Step> steps(Config text, Config vision, int size) throws CheckpointException {
        if (this == CLIP) {
            int end = text.integer("eos_token_id");
            return List.of(new Tower.Step.ClassToken(), new Tower.Step.Linear(size, false),
                    new Tower.Step.Compared(end == OLD_END ? Tower.Step.Compared.HIGHEST : end, 0, false));
        }
        if (!vision.flag("vision_use_head", true)) {
            throw vision.error("vision_use_head", "is false, but the embedding of a picture comes from this head");
        }
        int hidden = vision.positive("hidden_size");
        if (size != hidden) {
            throw text.error("projection_size", "found " + size + ", expected the hidden size " + hidden
                    + " of vision_config, since texts are compared with pictures");
        }
        int heads = vision.positive("num_attention_heads");
        float scale = (float) (1 / Math.sqrt((double) hidden / heads));
        return List.of(new Tower.Step.Attended(new CrossAttention(heads, hidden / heads, scale, Bias.ALL),
                norm(vision), mlp(vision)), new Tower.Step.Compared(Tower.Step.Compared.LAST,
                Numbers.count(text, "pad_token_id", 1), true));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        if (spec.towerOf(p.place()) >= 0) {
            return ofTower(spec.towers().getFirst(), spec.inTower(p));
        }
        return switch (p.role()) {
            case EMBEDDING -> stored("text_model.embeddings.token_embedding.weight");
            case POSITIONS -> stored("text_model.embeddings.position_embedding.weight");
            case FINAL_WEIGHT, FINAL_BIAS -> stored("text_model.final_layer_norm" + TowerFamily.suffix(p));
            case HEAD, HEAD_BIAS -> stored((this == CLIP ? "text_projection" : "text_model.head")
                    + TowerFamily.suffix(p));
            default -> layer(p, spec.hiddenSize(), "text_model.");
        };
    }

    private static Source.Stored stored(String name) {
        return new Source.Stored(name);
    }

    private static Source layer(Parameter p, int hidden, String prefix) {
        return TowerFamily.Parts.CLIP.source(p, hidden,
                name -> stored(prefix + "encoder.layers." + p.sublayer() / 2 + "." + name));
    }

    private Source ofTower(Tower tower, Parameter p) {
        long hidden = tower.body().hiddenSize();
        if (TowerFamily.isOfProjector(p)) {
            return projector(p, hidden);
        }
        return switch (p.role()) {
            case EMBEDDING -> TowerFamily.shaped(stored(VISION + "embeddings.class_embedding"), List.of(1L, hidden),
                    hidden);
            case FEATURES -> TowerFamily.patches(stored(VISION + "embeddings.patch_embedding.weight"), tower, false);
            case FEATURES_BIAS -> stored(VISION + "embeddings.patch_embedding.bias");
            case POSITIONS -> stored(VISION + "embeddings.position_embedding.weight");
            case EMBEDDING_NORM_WEIGHT, EMBEDDING_NORM_BIAS -> stored(VISION + "pre_layrnorm"
                    + TowerFamily.suffix(p));
            case FINAL_WEIGHT, FINAL_BIAS -> stored(VISION + "post_layernorm" + TowerFamily.suffix(p));
            default -> layer(p, tower.body().hiddenSize(), VISION);
        };
    }

    private Source projector(Parameter p, long hidden) {
        return switch (p.role()) {
            case LOGIT_SCALE -> this == CLIP ? TowerFamily.shaped(stored("logit_scale"), List.of(1L, 1L))
                    : TowerFamily.shaped(stored("logit_scale"), List.of(1L, 1L), 1L);
            case LOGIT_BIAS -> TowerFamily.shaped(stored("logit_bias"), List.of(1L, 1L), 1L);
            case PROBE -> TowerFamily.shaped(stored(HEAD + "probe"), List.of(1L, hidden), 1L, 1L, hidden);
            case QUERY, QUERY_BIAS -> fused(p, 0, (int) hidden);
            case KEY, KEY_BIAS -> fused(p, 1, (int) hidden);
            case VALUE, VALUE_BIAS -> fused(p, 2, (int) hidden);
            case OUTPUT, OUTPUT_BIAS -> stored((this == CLIP ? "visual_projection" : HEAD + "attention.out_proj")
                    + TowerFamily.suffix(p));
            case BEFORE_WEIGHT, BEFORE_BIAS -> stored(HEAD + "layernorm" + TowerFamily.suffix(p));
            case UP, UP_BIAS -> stored(HEAD + "mlp.fc1" + TowerFamily.suffix(p));
            case DOWN, DOWN_BIAS -> stored(HEAD + "mlp.fc2" + TowerFamily.suffix(p));
            default -> throw TowerFamily.unknown(p.role());
        };
    }

    private static Source fused(Parameter p, int number, int hidden) {
        return new Source.Rows(stored(HEAD + "attention.in_proj" + TowerFamily.suffix(p).replace('.', '_')),
                number * hidden, hidden, 3 * hidden);
    }

    /// The positions that older files store.
    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return tensorName.endsWith(".embeddings.position_ids");
    }
}
