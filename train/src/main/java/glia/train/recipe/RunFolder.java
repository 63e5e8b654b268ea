package glia.train.recipe;

import glia.io.CheckpointException;
import glia.io.file.Folders;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The folder of a run.
///
/// | name | content |
/// |---|---|
/// | `start/` | the model before the first update, if it is new |
/// | `tokenizer/` | a tokenizer that was trained for the run |
/// | `checkpoints/step-*/` | checkpoints |
/// | `model/` | the result |
/// | `recipe.yaml` | the recipe with all overrides |
/// | `metrics.jsonl`, `report.html`, `tensorboard/` | what the run measured |
/// | `train.tokens`, `validation.tokens` | the texts as token ids |
public record RunFolder(Path path) {
    public Path start() {
        return path.resolve("start");
    }

    /// A tokenizer that was trained for the run.
    public Path tokenizer() {
        return path.resolve("tokenizer");
    }

    public Path checkpoints() {
        return path.resolve("checkpoints");
    }

    public Path model() {
        return path.resolve("model");
    }

    public Path recipe() {
        return path.resolve("recipe.yaml");
    }

    public Path metrics() {
        return path.resolve("metrics.jsonl");
    }

    public Path report() {
        return path.resolve("report.html");
    }

    public Path tensorBoard() {
        return path.resolve("tensorboard");
    }

    /// The token file of a split.
    public Path tokens(String split) {
        return path.resolve(split + ".tokens");
    }

    /// Whether a run was begun here.
    public boolean holdsRun() {
        return Files.exists(recipe());
    }

    /// Deletes what was written before the first step of a run that could not begin.
    void discard() throws IOException {
        Folders.delete(start());
        Folders.delete(tokenizer());
        if (!Files.isDirectory(path)) {
            return;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path, "*.tokens")) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        if (Folders.isEmpty(path)) {
            Files.delete(path);
        }
    }

    /// Makes the folder ready for a run.
    ///
    /// @param resume whether a run that is there goes on
    /// @param replace whether a run that is there is deleted
    /// @throws CheckpointException if it holds something that may not be replaced, or cannot be written
    public void prepare(boolean resume, boolean replace) throws CheckpointException {
        try {
            if (resume) {
                if (!holdsRun()) {
                    throw new CheckpointException(path, "", "holds no run that could be resumed");
                }
                return;
            }
            if (holdsRun()) {
                if (!replace) {
                    throw new CheckpointException(path, "", "holds a run already: continue it with --resume, replace "
                            + "it with --force, or give another output");
                }
                for (Path own : List.of(start(), tokenizer(), checkpoints(), model(), tensorBoard())) {
                    Folders.delete(own);
                }
                for (Path own : List.of(metrics(), report(), recipe())) {
                    Files.deleteIfExists(own);
                }
            } else if (Files.isDirectory(path) && !Folders.isEmpty(path)) {
                throw new CheckpointException(path, "", "holds something else; give a new or an empty folder");
            }
            Files.createDirectories(path);
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(path, "", "cannot be written: " + e, e);
        }
    }
}
