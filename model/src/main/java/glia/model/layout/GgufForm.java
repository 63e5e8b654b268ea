package glia.model.layout;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How a family looks in GGUF files: metadata becomes the same config that the hub's checkpoints have, names are
/// other ones, and some values are stored differently, which the spec then says.
public interface GgufForm {
    /// The value of `general.architecture`.
    String architecture();

    /// All values of `general.architecture` that this form answers to.
    default List<String> architectures() {
        return List.of(architecture());
    }

    /// The keys of config.json that the metadata stands for.
    Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException;

    /// The spec of the values as the file stores them: other rotary layouts, norm weights that include the 1.
    ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException;

    /// What the metadata of a file that is written say of a model, `general.architecture` and the architecture's keys;
    /// nothing if files of this form are only read.
    default Optional<Map<String, Object>> metadata(ModelSpec spec) {
        return Optional.empty();
    }

    /// What of a model files hold: heads of masked language models they do not.
    default ModelSpec held(ModelSpec spec) {
        return spec;
    }

    /// The spec of the values in a file that is written, where files may hold them in several ways.
    default ModelSpec written(ModelSpec spec) {
        return spec;
    }

    /// Tensors of a file that is written in which no parameter lies, by name.
    default Map<String, float[]> further(ModelSpec spec) {
        return Map.of();
    }

    /// Where a parameter lies in the file.
    Source source(ModelSpec spec, Parameter parameter);

    /// Whether a tensor is left aside on purpose, as in `Family`.
    default boolean ignores(ModelSpec spec, String tensorName) {
        return false;
    }
}
