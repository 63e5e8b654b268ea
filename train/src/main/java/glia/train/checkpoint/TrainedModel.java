package glia.train.checkpoint;

import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.write.ModelWriter;
import java.nio.file.Path;
import java.util.Optional;

/// What a checkpoint stores of a model: all weights, or adapters alone.
public interface TrainedModel {
    /// Writes the files of the model.
    ///
    /// @param folder a new folder
    void write(Path folder) throws CheckpointException;

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

            @Override
            public Optional<Path> source() {
                return model.path();
            }
        };
    }
}
