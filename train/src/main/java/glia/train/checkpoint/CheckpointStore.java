package glia.train.checkpoint;

import glia.io.CheckpointException;
import glia.io.file.Folders;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.tensor.Tensor;
import glia.train.optim.Optimizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// The checkpoints of a training run: folders `step-00000100`, each a model in the hub's layout that any command loads,
/// with the optimizer's state in `training/`.
///
/// A checkpoint is written under a temporary name and flushed to the disk; its manifest with the SHA-256 of every file
/// is written last; then the folder is renamed. So a full disk, a crash or a power cut at any moment leaves the
/// checkpoints before it as they were, and what is damaged later is found when it is read.
public final class CheckpointStore {
    private static final String PREFIX = "step-";
    private static final String TEMPORARY = ".tmp-";
    private static final String OPTIMIZER = "training/optimizer.safetensors";
    private static final String STATE = "training/state.safetensors";

    private final Path folder;
    private final int keepLast;

    /// @param folder of the run; made at the first checkpoint
    /// @param keepLast how many checkpoints stay besides the best one, at least 1
    public CheckpointStore(Path folder, int keepLast) {
        if (keepLast < 1) {
            throw new IllegalArgumentException(keepLast + " checkpoints to keep, expected at least 1");
        }
        this.folder = folder;
        this.keepLast = keepLast;
    }

    private static String optimizer(int rank) {
        return rank == 0 ? OPTIMIZER : "training/optimizer-%d.safetensors".formatted(rank);
    }

    /// The name of the folder of a step.
    static String name(long step) {
        return "%s%08d".formatted(PREFIX, step);
    }

    /// A checkpoint that is whole.
    ///
    /// @param progress where the run was
    public record Saved(Path folder, Progress progress) {
        public long step() {
            return progress.step();
        }

        public long tokens() {
            return progress.tokens();
        }

        public OptionalDouble loss() {
            return progress.loss();
        }

        public OptionalDouble bestLoss() {
            return progress.bestLoss();
        }
    }

    /// Where a run is.
    ///
    /// @param step updates so far
    /// @param tokens tokens so far
    /// @param loss by which checkpoints are compared, such as the validation loss
    /// @param bestLoss the smallest such loss so far
    /// @param bestStep updates at the best validation, 0 also before the first one
    public record Progress(long step, long tokens, OptionalDouble loss, OptionalDouble bestLoss, long bestStep) {
        /// Progress without validation losses.
        public Progress(long step, long tokens) {
            this(step, tokens, OptionalDouble.empty(), OptionalDouble.empty(), 0);
        }
    }

    /// Saves a model and its optimizer, then deletes checkpoints that need not be kept.
    ///
    /// @throws CheckpointException if it cannot be written; earlier checkpoints are unchanged
    public Saved save(TrainedModel model, Optimizer optimizer, Progress progress) throws CheckpointException {
        return save(model, optimizer, Map.of(), progress);
    }

    /// Saves a model, its optimizer and further state of the run, then deletes checkpoints that need not be kept.
    ///
    /// @param state tensors by name, such as averages of weights
    /// @throws CheckpointException if it cannot be written; earlier checkpoints are unchanged
    public Saved save(TrainedModel model, Optimizer optimizer, Map<String, Tensor> state, Progress progress)
            throws CheckpointException {
        return save(model, List.of(optimizer::state), optimizer.steps(), state, progress);
    }

    /// The same with the optimizers of several ranks that train by themselves, one after the other.
    ///
    /// @param optimizers the state of each
    /// @param steps of the optimizers
    /// @throws CheckpointException if it cannot be written; earlier checkpoints are unchanged
    public Saved save(TrainedModel model, List<Supplier<Map<String, Tensor>>> optimizers, long steps,
            Map<String, Tensor> state, Progress progress) throws CheckpointException {
        Path target = folder.resolve(name(progress.step()));
        Path beside = folder.resolve(TEMPORARY + target.getFileName());
        try {
            Files.createDirectories(folder);
            Folders.delete(beside);
            model.write(beside);
            Files.createDirectory(beside.resolve("training"));
            for (int rank = 0; rank < optimizers.size(); rank++) {
                SafetensorsWriter.write(beside.resolve(optimizer(rank)), optimizers.get(rank).get(),
                        Map.of("steps", Long.toString(steps)));
            }
            if (!state.isEmpty()) {
                SafetensorsWriter.write(beside.resolve(STATE), state, Map.of());
            }
            Manifest.write(beside, progress);
            Folders.flush(beside);
            Folders.delete(target);
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
            Folders.flushNames(folder);
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(target, "", "cannot be written: " + e + "; earlier checkpoints are unchanged",
                    e);
        } finally {
            deleteQuietly(beside);
        }
        prune(model);
        return new Saved(target, progress);
    }

    /// The newest checkpoint whose files are all as they were written.
    ///
    /// @param rejected receives what is wrong with each newer one
    public Optional<Saved> latest(List<String> rejected) throws CheckpointException {
        List<Path> newestFirst = new ArrayList<>(folders());
        newestFirst.sort(Comparator.comparing(Path::getFileName).reversed());
        for (Path each : newestFirst) {
            try {
                return Optional.of(Manifest.verify(each));
            } catch (CheckpointException e) {
                rejected.add(e.getMessage());
            }
        }
        return Optional.empty();
    }

    /// Restores an optimizer from a checkpoint. The weights are those of the model in its folder.
    ///
    /// @throws CheckpointException if the state does not fit the optimizer's parameters
    public static void restore(Saved saved, Optimizer optimizer) throws CheckpointException {
        restore(saved, optimizer, 0);
    }

    /// The same with the state of a rank, or of the first one if the checkpoint has no other.
    private static void restore(Saved saved, Optimizer optimizer, int rank) throws CheckpointException {
        Path own = saved.folder().resolve(optimizer(rank));
        Path file = Files.exists(own) ? own : saved.folder().resolve(OPTIMIZER);
        try (SafetensorsCheckpoint state = SafetensorsCheckpoint.open(file)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : state.names()) {
                tensors.put(name, state.tensor(name));
            }
            optimizer.restore(tensors, saved.step());
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file, "", e.getMessage() + "; was the recipe changed?", e);
        }
    }

    /// Restores an optimizer and further state of the run.
    ///
    /// @param state tensors that get the values saved under their names
    /// @throws CheckpointException if the state does not fit; then nothing has changed
    public static void restore(Saved saved, Optimizer optimizer, Map<String, Tensor> state)
            throws CheckpointException {
        restore(saved, optimizer, state, 0);
    }

    /// The same on one of several ranks.
    ///
    /// @throws CheckpointException if the state does not fit; then nothing has changed
    public static void restore(Saved saved, Optimizer optimizer, Map<String, Tensor> state, int rank)
            throws CheckpointException {
        if (state.isEmpty()) {
            restore(saved, optimizer, rank);
            return;
        }
        Path file = saved.folder().resolve(STATE);
        if (!Files.exists(file)) {
            throw new CheckpointException(file, "", "is missing; it would hold " + state.keySet().iterator().next()
                    + "; was the recipe changed?");
        }
        try (SafetensorsCheckpoint from = SafetensorsCheckpoint.open(file)) {
            for (Map.Entry<String, Tensor> e : state.entrySet()) {
                Tensor t = e.getValue();
                if (!from.names().contains(e.getKey()) || !from.tensor(e.getKey()).is(t.shape())
                        || from.tensor(e.getKey()).dtype() != t.dtype()) {
                    throw new CheckpointException(file, e.getKey(), "is " + (from.names().contains(e.getKey())
                            ? from.tensor(e.getKey()) : "missing") + ", expected " + t + "; was the recipe changed?");
                }
            }
            restore(saved, optimizer, rank);
            for (Map.Entry<String, Tensor> e : state.entrySet()) {
                e.getValue().copyFrom(from.tensor(e.getKey()));
            }
        }
    }

    /// The folder that the model was loaded from stays, because its config and tokenizer go into each checkpoint.
    private void prune(TrainedModel model) throws CheckpointException {
        List<Saved> all = new ArrayList<>();
        for (Path each : folders()) {
            Manifest.read(each).ifPresent(all::add);
        }
        all.sort(Comparator.comparingLong(Saved::step).reversed());
        Optional<Saved> best = best(all);
        for (int i = keepLast; i < all.size(); i++) {
            boolean source = model.source().isPresent()
                    && model.source().get().toAbsolutePath().equals(all.get(i).folder().toAbsolutePath());
            if (!source && (best.isEmpty() || !best.get().equals(all.get(i)))) {
                deleteQuietly(all.get(i).folder());
            }
        }
    }

    /// The checkpoint of the best validation that the newest one names; of those with a loss the smallest if that
    /// was not saved.
    private static Optional<Saved> best(List<Saved> newestFirst) {
        return newestFirst.stream().filter(s -> s.step() == newestFirst.getFirst().progress().bestStep()).findFirst()
                .or(() -> newestFirst.stream().filter(s -> s.loss().isPresent())
                        .min(Comparator.comparingDouble(s -> s.loss().getAsDouble())));
    }

    /// The checkpoint of a step, if it is there and whole.
    ///
    /// @param step updates
    public Optional<Saved> at(long step) {
        try {
            return Optional.of(Manifest.verify(folder.resolve(name(step))));
        } catch (CheckpointException e) {
            return Optional.empty();
        }
    }

    /// Deletes a folder; one that cannot be deleted is left for the next time.
    private static void deleteQuietly(Path folder) {
        try {
            Folders.delete(folder);
        } catch (IOException e) {
            // Folders are recognized by their names, so it is harmless.
        }
    }

    private List<Path> folders() throws CheckpointException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.getFileName().toString().startsWith(PREFIX)).toList();
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "cannot be read: " + e, e);
        }
    }
}
