package glia.train.checkpoint;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdapterFolder;
import glia.model.adapter.Adapters;
import glia.model.spec.Parameter;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// What a checkpoint stores of a model: all weights, or adapters alone.
public interface TrainedModel {
    /// Writes the files of the model.
    ///
    /// @param folder a new folder
    void write(Path folder) throws CheckpointException;

    /// Sets the weights in memory to those of a folder that `write` made.
    void restore(Path folder) throws CheckpointException;

    /// The folder that the model was loaded from. It is not deleted, because its config and tokenizer go into each
    /// checkpoint.
    Optional<Path> source();

    /// All weights, with config and tokenizer.
    static TrainedModel of(Model model) {
        return new TrainedModel() {
            @Override
            public void write(Path folder) throws CheckpointException {
                ModelWriter.write(model, folder);
                if (!folder.resolve("config.json").toFile().exists()) {
                    throw new CheckpointException(model.path().orElse(folder), "config.json",
                            "has been deleted since the model was loaded; the checkpoint would not load");
                }
            }

            /// Only weights that can be changed, the others are as they were.
            @Override
            public void restore(Path folder) throws CheckpointException {
                try (Model saved = ModelLoader.load(folder); Arena arena = Arena.ofConfined()) {
                    for (Parameter p : model.sources().keySet()) {
                        if (model.weights().get(p) instanceof Weight.Stored w && w.tensor().dtype() == DType.F32
                                && !w.tensor().memory().isReadOnly()) {
                            w.update(t -> t.copyFrom(saved.weights().get(p).toF32(arena)));
                        }
                    }
                }
            }

            @Override
            public Optional<Path> source() {
                return model.path();
            }
        };
    }

    /// The adapters alone, as an adapter folder.
    static TrainedModel of(Adapters adapters) {
        return new TrainedModel() {
            @Override
            public void write(Path folder) throws CheckpointException {
                AdapterFolder.write(adapters, folder, IfExists.FAIL);
            }

            @Override
            public void restore(Path folder) throws CheckpointException {
                try (Adapters saved = AdapterFolder.read(adapters.base(), folder)) {
                    Map<String, Weight.Stored> values = saved.trainable();
                    if (!values.keySet().equals(adapters.trainable().keySet())) {
                        throw new CheckpointException(folder, "", "holds an adapter of other modules");
                    }
                    adapters.trainable().forEach((name, w) ->
                            w.update(t -> t.copyFrom(values.get(name).tensor())));
                }
            }

            @Override
            public Optional<Path> source() {
                return adapters.base().path();
            }
        };
    }
}
