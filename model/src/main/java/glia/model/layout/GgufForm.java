package glia.model.layout;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The GGUF form of a family: metadata is converted to the config of the hub's checkpoints; tensors have other names,
/// and some values are stored differently, which the spec describes.
public interface GgufForm {
    /// The value of `general.architecture`.
    String architecture();

    /// All values of `general.architecture` of this form.
    default List<String> architectures() {
        return List.of(architecture());
    }

    /// The metadata as keys of config.json.
    Map<String, Object> config(GgufMetadata metadata, Checkpoint checkpoint) throws CheckpointException;

    /// The spec of the stored values: another RoPE layout, norm weights including 1.
    ModelSpec stored(ModelSpec spec, Checkpoint checkpoint) throws CheckpointException;

    /// The metadata of a model to be written: `general.architecture` and its keys; empty if this form is read-only.
    default Optional<Map<String, Object>> metadata(ModelSpec spec) {
        return Optional.empty();
    }

    /// The part of a model that files hold; heads of masked language models are left out.
    default ModelSpec held(ModelSpec spec) {
        return spec;
    }

    /// The spec of the values of a file to be written, if several storage layouts exist.
    default ModelSpec written(ModelSpec spec) {
        return spec;
    }

    /// Tensors without parameters of a file to be written, by name.
    default Map<String, float[]> further(ModelSpec spec) {
        return Map.of();
    }

    /// Tensors that other readers require and do not use, of zeros, of a file to be written: shapes by name.
    default Map<String, long[]> unused(ModelSpec spec) {
        return Map.of();
    }

    /// Whether a name is a list of numbers in the metadata, of one for each layer, that holds parameters.
    default boolean isList(String name) {
        return false;
    }

    /// The source of a parameter in the file.
    Source source(ModelSpec spec, Parameter parameter);

    /// Whether an unused tensor is expected, as in `Family`.
    default boolean ignores(ModelSpec spec, String tensorName) {
        return false;
    }
}
