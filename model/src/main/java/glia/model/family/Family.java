package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// One family of models: how its config reads and what its tensors are called. Nothing else in Glia knows a model's
/// name. See `docs/how-to-add-a-family.md`.
public interface Family {
    /// The values of `model_type` that this family answers to.
    List<String> modelTypes();

    /// What the model is. Keys that are missing take the family's own defaults.
    ///
    /// @throws CheckpointException if the config asks for something that the family does not have
    ModelSpec spec(Config config) throws CheckpointException;

    /// The same for a checkpoint with these tensors, some of which may be of layers that a config need not tell of.
    default ModelSpec spec(Config config, Set<String> tensors) throws CheckpointException {
        return spec(config);
    }

    /// Where a parameter lies in the family's checkpoints on the hub.
    Source source(ModelSpec spec, Parameter parameter);

    /// Whether a tensor of the family's checkpoints is left aside on purpose: one that holds no parameter, or belongs
    /// to a part of the model that is not run. Any other tensor that no parameter asks for is an error.
    default boolean ignores(ModelSpec spec, String tensorName) {
        return false;
    }

    /// The family's form in GGUF files, if it has one.
    default Optional<GgufForm> gguf() {
        return Optional.empty();
    }
}
