package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Standard;
import glia.model.layout.Source;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Tower;
import java.util.ArrayList;
import java.util.List;

/// Pictures and sounds of Gemma 4 without encoders: a patch is normalized, mapped and normalized, gets learned vectors
/// of its column and row and a further norm; 640 samples of a sound are a row. Both are scaled to unit size and mapped.
final class Gemma4Unified implements TowerFamily {
    private static final String AUDIO = "gemma4_unified_audio";

    @Override
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        Config vision = config.child("vision_config");
        Norm norm = new Norm.Layer(1e-5f);
        int patch = vision.positive("patch_size", 16) * vision.positive("pooling_kernel_size", 3);
        Embedding embedding = new Embedding(new Positions.Axes(vision.positive("mm_posemb_size", 1120), true), 1, 0,
                norm).with(new Embedding.Features(3, 1, patch, true, norm, norm, true));
        Config inner = config.child("text_config");
        String key = "use_bidirectional_attention";
        Tower.Sight sight = !inner.isNull(key) && inner.text(key, "vision").equals("vision") ? Tower.Sight.MUTUAL
                : Tower.Sight.CAUSAL;
        List<Tower> towers = new ArrayList<>();
        towers.add(new Tower(TowerFamily.body("gemma4_unified_vision", 0, vision.positive("mm_embed_dim", 3840),
                embedding, List.of(), new Norm.None()), List.of(new Tower.Step.Normed(unit(vision)),
                new Tower.Step.Linear(text.hiddenSize(), false)), config.positive("image_token_id", 258_880), 1,
                Tower.Axes.TEXT, sight).with(Tower.Films.NONE));
        if (config.has("audio_config")) {
            Config audio = config.child("audio_config");
            towers.add(new Tower(TowerFamily.body(AUDIO, 0, text.hiddenSize(), Embedding.PLAIN.with(
                    new Embedding.Features(audio.positive("audio_embed_dim", 640), 1, 1, false, unit(audio),
                            new Norm.None(), false)), List.of(), new Norm.None()), List.of(),
                    config.positive("audio_token_id", 258_881), 1, Tower.Axes.TEXT, Tower.Sight.CAUSAL));
        }
        return text.withTowers(towers);
    }

    private static Norm unit(Config config) throws CheckpointException {
        return new Norm.UnitRms(Standard.epsilon(config, "rms_norm_eps", 1e-6));
    }

    @Override
    public List<String> names() {
        return stored("patch_dense.weight").names();
    }

    private static Source.Stored stored(String name) {
        return TowerFamily.stored("vision_embedder." + name);
    }

    @Override
    public Source source(Tower tower, Parameter p) {
        if (tower.body().modelType().equals(AUDIO)) {
            return TowerFamily.stored("embed_audio.embedding_projection.weight");
        }
        long hidden = tower.body().hiddenSize();
        return switch (p.role()) {
            case OUTPUT -> TowerFamily.stored("embed_vision.embedding_projection.weight");
            case FEATURES, FEATURES_BIAS -> stored("patch_dense" + TowerFamily.suffix(p));
            case FEATURES_BEFORE_WEIGHT, FEATURES_BEFORE_BIAS -> stored("patch_ln1" + TowerFamily.suffix(p));
            case FEATURES_AFTER_WEIGHT, FEATURES_AFTER_BIAS -> stored("patch_ln2" + TowerFamily.suffix(p));
            case EMBEDDING_NORM_WEIGHT, EMBEDDING_NORM_BIAS -> stored("pos_norm" + TowerFamily.suffix(p));
            case POSITIONS -> {
                long count = ((Positions.Axes) tower.body().embedding().positions()).count();
                yield TowerFamily.shaped(stored("pos_embedding"), List.of(2 * count, hidden), count, 2L, hidden);
            }
            default -> throw TowerFamily.unknown(p.role());
        };
    }
}
