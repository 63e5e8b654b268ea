package glia.check.training;

import glia.check.reference.CaseResult;
import glia.engine.pass.Engine;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.train.optim.ParameterGroups;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/// Repeats the training run of a reference, `train.json`, on a copy of a model, and compares the loss and the gradient
/// norm of each step. The batch is that of `expected.safetensors` in the same folder.
public final class TrainingReplay {
    private static final String RUN = "train.json";
    private static final long STATE_BYTES = 1 << 20;

    private TrainingReplay() { }

    /// Whether a folder has a training run.
    public static boolean applies(Path folder) {
        return Files.exists(folder.resolve(RUN));
    }

    /// Trains a copy of the model in F32. Parameters that the loss does not depend on, such as the correction biases of
    /// routers, stay as they are.
    ///
    /// @param folder the folder of `train.json`
    /// @param path the model
    /// @param results receives two results for each step
    /// @throws CheckpointException if a file cannot be read or does not fit the model
    public static void run(Path folder, Path path, Kernels kernels, Consumer<CaseResult> results)
            throws CheckpointException {
        ReferenceRun run = ReferenceRun.read(folder.resolve(RUN));
        Path inputs = folder.resolve("expected.safetensors");
        if (!Files.exists(inputs)) {
            throw new CheckpointException(inputs, "", "there is no such file; " + RUN + " trains on its input_ids");
        }
        try (SafetensorsCheckpoint expected = SafetensorsCheckpoint.open(inputs);
                Model model = ModelLoader.load(path, parameter -> true)) {
            boolean hasSources = model.spec().encoder().isPresent();
            int[][] sources = hasSources ? expected.ids("input_ids") : new int[0][];
            int[][] ids = expected.ids(hasSources ? "decoder_input_ids" : "input_ids");
            if (ids.length == 0 || ids[0].length < 2 || hasSources && sources.length != ids.length) {
                throw new CheckpointException(inputs, "input_ids", "found " + ids.length
                        + " sequences to train on, expected at least one of two tokens, each with its source");
            }
            TokenBatch batch = TokenBatch.of(model.spec(), ids, sources);
            try (Engine engine = new Engine(model, kernels, Precision.EXACT, STATE_BYTES, ids[0].length);
                    TrainingPass pass = TrainingPass.of(engine, TrainingOptions.defaults())) {
                run.replay(pass, kernels, ParameterGroups.weights(model, w -> true), batch, results);
            } catch (IllegalArgumentException e) {
                throw new CheckpointException(inputs, "input_ids", e.getMessage(), e);
            }
        }
    }
}
