package glia.model.family;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Map;

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

    /// Where a parameter lies in the file.
    Source source(ModelSpec spec, Parameter parameter);

    /// Whether a tensor is left aside on purpose, as in `Family`.
    default boolean ignores(ModelSpec spec, String tensorName) {
        return false;
    }
}
