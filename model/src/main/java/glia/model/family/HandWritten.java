package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.SpecJson;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Models of no published family, whose spec was written by hand: the key `spec` of config.json holds the whole spec
/// ([SpecJson]), and tensors are named by their roles, such as `sublayers.3.query`. `docs/new-models.md` describes the
/// layout.
public final class HandWritten implements Family {
    /// The value of `model_type`.
    public static final String MODEL_TYPE = "glia";
    private static final String SPEC = "spec";

    public HandWritten() { }

    /// The config of a spec. The usual keys for sizes are for other programs; reading uses `spec` alone.
    public static Config config(ModelSpec spec) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("model_type", MODEL_TYPE);
        values.put("vocab_size", spec.vocabSize());
        values.put("hidden_size", spec.hiddenSize());
        values.put("num_hidden_layers", spec.numLayers());
        values.put("max_position_embeddings", spec.contextLength());
        values.put(SPEC, SpecJson.write(spec));
        return Config.of(Path.of("config.json"), values);
    }

    @Override
    public List<String> modelTypes() {
        return List.of(MODEL_TYPE);
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        try {
            return SpecJson.read(config.child(SPEC).values(), SPEC);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(config.origin(), "", e.getMessage(), e);
        }
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return new Source.Stored(name(p));
    }

    /// The name of a parameter's tensor.
    public static String name(Parameter p) {
        String role = p.role().name().toLowerCase(Locale.ROOT);
        String branch = p.place().branch() == 0 ? "" : "branches." + p.place().branch() + ".";
        String expert = p.expert() < 0 ? "" : "experts." + p.expert() + ".";
        return p.sublayer() < 0 ? role : "sublayers." + p.sublayer() + "." + branch + expert + role;
    }
}
