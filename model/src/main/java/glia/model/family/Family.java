package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Classes;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A model family: reads its config into a spec and maps its tensor names. No other code depends on a model's name. See
/// `docs/how-to-add-a-family.md`.
public interface Family {
    /// The values of `model_type` of this family.
    List<String> modelTypes();

    /// Reads the spec from a config. Missing keys get the family's defaults.
    ///
    /// @throws CheckpointException if the config is invalid or requires something that is not supported
    ModelSpec spec(Config config) throws CheckpointException;

    /// Names of tensors by which the spec of a new model has its towers.
    default Set<String> newTensors() {
        return Set.of();
    }

    /// The same, given the tensors of the checkpoint, which may have layers that the config does not mention.
    default ModelSpec spec(Config config, Set<String> tensors) throws CheckpointException {
        return spec(config);
    }

    /// The source of a parameter in the hub's checkpoints: Llama's names, where a family says nothing else.
    default Source source(ModelSpec spec, Parameter parameter) {
        return StandardNames.source(spec, parameter);
    }

    /// Whether an unused tensor is expected: it holds no parameter, or belongs to a part of the model that is not run.
    /// Any other unused tensor is an error.
    default boolean ignores(ModelSpec spec, String tensorName) {
        return false;
    }

    /// The head of the family's sequence classifiers.
    ///
    /// @throws CheckpointException if the config is invalid
    default Head classifier(Config config, List<String> labels, Classes.Outcome outcome) throws CheckpointException {
        return SequenceClassifier.ofLastToken(labels, outcome);
    }

    /// The family's GGUF form, if it has one.
    default Optional<GgufForm> gguf() {
        return Optional.empty();
    }
}
