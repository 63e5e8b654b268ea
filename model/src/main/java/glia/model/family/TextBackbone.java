package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.TextConfig;
import glia.model.layout.Source;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The text model of a multimodal model. Its config is `text_config`, of another family; its tensors have that family's
/// names after a prefix. The tensors of image and audio encoders are ignored, except those of `tower`.
///
/// @param modelType the `model_type` of the multimodal model
/// @param textType the default `model_type` of `text_config`
/// @param tied whether the head is tied by default
/// @param otherParts name prefixes of ignored tensors
/// @param tower the encoder of pictures, if it is supported
record TextBackbone(String modelType, String textType, boolean tied, List<String> otherParts,
        Optional<TowerFamily> tower) implements Family {
    private static final String HEAD = "tie_word_embeddings";
    private static final String MODEL = "model.";
    private static final String THINKER = "thinker.";
    private static final List<String> PREFIXES =
            List.of("language_model.model.", "model.language_model.model.", "model.language_model.",
                    "model.text_model.", "text_model.model.", "thinker.model.");

    /// A family whose towers are not run.
    TextBackbone(String modelType, String textType, boolean tied, List<String> otherParts) {
        this(modelType, textType, tied, otherParts, Optional.empty());
    }

    /// A family with a tower.
    TextBackbone(String modelType, String textType, boolean tied, List<String> otherParts, TowerFamily tower) {
        this(modelType, textType, tied, otherParts, Optional.of(tower));
    }

    @Override
    public List<String> modelTypes() {
        return List.of(modelType);
    }

    @Override
    public ModelSpec spec(Config whole) throws CheckpointException {
        Config config = thinker(whole);
        Config text = TextConfig.read(config, textType);
        ModelSpec spec = Families.of(text).spec(text);
        boolean one = config.flag(HEAD, text.flag(HEAD, tied));
        return spec.withHead(spec.head().with(one ? Head.Matrix.TIED : Head.Matrix.SEPARATE));
    }

    /// The part that reads and writes text, of models that speak too.
    private static Config thinker(Config config) throws CheckpointException {
        return config.isObject("thinker_config") ? config.child("thinker_config") : config;
    }

    @Override
    public Set<String> newTensors() {
        return tower.map(own -> Set.copyOf(own.names())).orElse(Set.of());
    }

    /// With the tower, if the checkpoint has it.
    @Override
    public ModelSpec spec(Config whole, Set<String> tensors) throws CheckpointException {
        Config config = thinker(whole);
        ModelSpec text = spec(config);
        return tower.isPresent() && config.has("vision_config")
                && config.child("vision_config").has("patch_size") && tower.get().isIn(tensors)
                ? tower.get().spec(config, text) : text;
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        int number = spec.towerOf(p.place());
        return number >= 0 ? tower.orElseThrow().source(spec.towers().get(number), spec.inTower(p))
                : text(spec).source(spec, p).renamed(TextBackbone::names);
    }

    private static Family text(ModelSpec spec) {
        return Families.ofModelType(spec.modelType()).orElseThrow();
    }

    /// The candidate names of a tensor of the text model.
    private static List<String> names(String name) {
        List<String> names = new ArrayList<>();
        if (name.startsWith(MODEL)) {
            PREFIXES.forEach(prefix -> names.add(prefix + name.substring(MODEL.length())));
        } else if (name.startsWith("lm_head.")) {
            names.add("language_model." + name);
            names.add("text_model." + name);
            names.add("thinker." + name);
        }
        names.add(name);
        if (names.size() == 1) {
            names.add("language_model." + name);
        }
        return names;
    }

    @Override
    public boolean ignores(ModelSpec spec, String name) {
        String bare = name.startsWith(MODEL) ? name.substring(MODEL.length())
                : name.startsWith(THINKER) ? name.substring(THINKER.length()) : name;
        if (otherParts.stream().anyMatch(bare::startsWith)) {
            return true;
        }
        String inner = PREFIXES.stream().filter(name::startsWith).findFirst()
                .map(prefix -> MODEL + name.substring(prefix.length())).orElse(name);
        return text(spec).ignores(spec, inner);
    }
}
