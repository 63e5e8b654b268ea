package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.layout.Source;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// An encoder whose head makes a vector of each token, for late interaction
/// ([ColBERT](https://arxiv.org/abs/2004.12832)): the class `HF_ColBERT`. The size of the vectors is the key
/// `colbert_dim`, or `dim` of the file `artifact.metadata` beside config.json.
///
/// @param body the family of everything but the head
public record LateInteraction(Family body) implements Family {
    /// The file with ColBERT's settings.
    public static final String SETTINGS = "artifact.metadata";
    private static final String ARCHITECTURES = "architectures";
    private static final String CLASS = "HF_ColBERT";
    private static final int SIZE = 128;

    /// Whether a config is that of such a model.
    public static boolean describes(Config config) throws CheckpointException {
        return config.isList(ARCHITECTURES) && Arrays.asList(config.strings(ARCHITECTURES)).contains(CLASS);
    }

    /// The settings beside a config; empty if there are none.
    ///
    /// @param folder the model's folder
    public static Config settings(Path folder) throws CheckpointException {
        Path file = folder.resolve(SETTINGS);
        try {
            return Files.isRegularFile(file) ? Config.parse(file, Files.readString(file))
                    : Config.parse(file, "{}");
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + e.getMessage(), e);
        }
    }

    @Override
    public List<String> modelTypes() {
        return body.modelTypes();
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        return spec(config, Set.of());
    }

    @Override
    public ModelSpec spec(Config config, Set<String> tensors) throws CheckpointException {
        Path parent = config.origin().toAbsolutePath().getParent();
        int size = config.has("colbert_dim") ? config.positive("colbert_dim")
                : settings(parent).positive("dim", SIZE);
        return body.spec(config, tensors).withHead(Head.vectors(size));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return p.role() == Role.HEAD ? new Source.Stored("linear.weight") : body.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return body.ignores(spec, tensorName);
    }
}
