package glia.train.recipe;

import glia.io.CheckpointException;
import glia.io.FileErrors;
import glia.io.file.Folders;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

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
/// | `data/` | training data that were generated for the run |
/// | `.lock` | the lock of the process that trains |
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

    /// Training data that were generated for the run.
    public Path data() {
        return path.resolve("data");
    }

    /// Whether a run was begun here.
    public boolean holdsRun() {
        return Files.exists(recipe());
    }

    /// Whether a run of all steps of a recipe has ended here with its result.
    ///
    /// @throws CheckpointException if the recipe of the run cannot be read
    public boolean isComplete(Recipe recipe) throws CheckpointException {
        if (!holdsRun() || !Files.isDirectory(model())) {
            return false;
        }
        long made = Recipe.read(recipe(), List.of()).find(RecipeKeys.STEPS).orElse(Long.MAX_VALUE);
        return recipe.find(RecipeKeys.STEPS).orElse(0L) <= made;
    }

    private Path lock() {
        return path.resolve(RunLock.NAME);
    }

    /// What a run that is being replaced wrote, until the new one is ready.
    private Path replaced() {
        return path.resolve(".replaced");
    }

    /// The same while its files are being moved there.
    private Path moving() {
        return path.resolve(".replaced.part");
    }

    /// All that a run writes, except for token files and generated data. The recipe comes first: it marks a run.
    private List<Path> written() {
        return List.of(recipe(), start(), tokenizer(), checkpoints(), model(), tensorBoard(), metrics(), report());
    }

    /// Makes the folder ready for a run and locks it. A run that is replaced is set aside, and deleted by `begun`. What
    /// a run that was killed before its first step left behind is deleted.
    ///
    /// @throws CheckpointException if it holds something that may not be replaced or another process trains there, or
    ///     if it cannot be written
    RunLock prepare(RecipeRun.Existing existing) throws CheckpointException {
        try {
            boolean wasBegun = holdsRun() || Files.exists(lock());
            if (!wasBegun && existing == RecipeRun.Existing.RESUME) {
                throw new CheckpointException(path, "", "holds no run that could be resumed");
            }
            if (!wasBegun && Files.isDirectory(path) && !Folders.isEmpty(path)) {
                throw somethingElse();
            }
            if (Files.exists(path) && !Files.isDirectory(path)) {
                throw new CheckpointException(path, "", "is a file, expected a folder or a new name");
            }
            Files.createDirectories(path);
            RunLock lock = RunLock.take(path);
            try {
                clear(existing);
                return lock;
            } catch (IOException e) {
                lock.close();
                throw e;
            }
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(path, "", "cannot be written: " + FileErrors.reason(e), e);
        }
    }

    private CheckpointException somethingElse() {
        return new CheckpointException(path, "", "holds something else; give a new or an empty folder");
    }

    private void clear(RecipeRun.Existing existing) throws IOException {
        deleteFiles(".glia-*.tmp");
        putBack(moving());
        if (!holdsRun() && Files.exists(replaced())) {
            discard();
        }
        if (holdsRun()) {
            Folders.delete(replaced());
            switch (existing) {
                case RESUME -> { }
                case REFUSE -> throw new CheckpointException(path, "", "holds a run already: continue it with "
                        + "--resume, replace it with --force, or give another output");
                case REPLACE -> {
                    Files.createDirectories(moving());
                    for (Path own : written()) {
                        move(own, moving().resolve(own.getFileName()));
                    }
                    move(moving(), replaced());
                }
            }
            return;
        }
        try (Stream<Path> files = Files.list(path)) {
            if (!files.allMatch(this::isPrepared)) {
                throw Files.exists(metrics()) || Files.exists(checkpoints()) ? new CheckpointException(recipe(), "",
                        "is missing, so the run in this folder cannot continue; give another output")
                        : somethingElse();
            }
        }
        discard();
    }

    /// Whether a file is written before the recipe.
    private boolean isPrepared(Path file) {
        return file.equals(lock()) || file.equals(start()) || file.equals(tokenizer()) || file.equals(data())
                || file.getFileName().toString().endsWith(".tokens");
    }

    /// The run is ready for its first step: what it replaces is deleted.
    void begun() throws IOException {
        Folders.delete(replaced());
    }

    /// Deletes what was written for a run that could not begin, and puts back the run that it would have replaced.
    void discard() throws IOException {
        Folders.delete(start());
        Folders.delete(tokenizer());
        if (Files.exists(replaced())) {
            putBack(replaced());
        } else {
            deleteFiles("*.tokens");
            Folders.delete(data());
        }
    }

    /// Moves what was set aside to where it was; the recipe, which marks a run, comes last.
    private void putBack(Path from) throws IOException {
        for (Path own : written().reversed()) {
            move(from.resolve(own.getFileName()), own);
        }
        Folders.delete(from);
    }

    private static void move(Path from, Path to) throws IOException {
        if (Files.exists(from)) {
            Files.move(from, to);
        }
    }

    private void deleteFiles(String pattern) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path, pattern)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }

    /// Deletes a folder that holds nothing.
    static void deleteIfEmpty(Path folder) throws IOException {
        if (Folders.isEmpty(folder)) {
            Files.delete(folder);
        }
    }
}
