package glia.check.training;

import glia.check.reference.CaseFile;
import glia.check.reference.CaseParams;
import glia.check.reference.CaseResult;
import glia.check.reference.WorstDifference;
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
import glia.tensor.ops.Weight;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroup;
import glia.train.optim.ParameterGroups;
import glia.train.optim.UpdateRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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

    /// A training run of a reference on one batch: its optimizer, and the loss and gradient norm of each step.
    ///
    /// @param learningRate constant over all steps
    /// @param weightDecay of all parameters, vectors too
    /// @param clipNorm the largest gradient norm, infinite without clipping
    /// @param losses before each update
    /// @param gradientNorms before clipping
    record ReferenceRun(UpdateRule rule, double learningRate, double weightDecay, double clipNorm, double[] losses,
            double[] gradientNorms) {
        private static final String ALL = "all parameters";
        private static final double LOSS = 1e-4;
        private static final double GRADIENT_NORM = 1e-3;

        /// Reads a `train.json`.
        ///
        /// @throws CheckpointException if it cannot be read or describes a run that cannot be repeated
        static ReferenceRun read(Path file) throws CheckpointException {
            CaseParams json = new CaseParams(CaseFile.parse(file));
            try {
                ReferenceRun run = read(json);
                if (!json.unread().isEmpty()) {
                    throw new IllegalArgumentException("the keys " + json.unread() + " are not supported");
                }
                return run;
            } catch (IllegalArgumentException e) {
                throw new CheckpointException(file, "", e.getMessage(), e);
            }
        }

        private static ReferenceRun read(CaseParams json) {
            json.text("batch", "");
            UpdateRule rule = ReferenceOptimizers.rule(json, "torch.float32");
            String decayed = json.text("weight_decay_applies_to", ALL);
            if (!decayed.equals(ALL)) {
                throw new IllegalArgumentException("weight_decay_applies_to: found \"" + decayed + "\", expected \""
                        + ALL + '"');
            }
            double[] losses = json.numbers("losses");
            double[] norms = json.numbers("grad_norms");
            if (losses.length == 0 || losses.length != norms.length) {
                throw new IllegalArgumentException("grad_norms: found " + norms.length + " numbers for " + losses.length
                        + " losses, expected one each and at least one step");
            }
            return new ReferenceRun(rule, ReferenceOptimizers.rate(json), ReferenceOptimizers.decay(json),
                    json.number("clip_grad_norm", Double.POSITIVE_INFINITY), losses, norms);
        }

        /// Repeats the run and reports the differences of each step, those of norms relative to the norm.
        ///
        /// @param weights what is updated, by name
        void replay(TrainingPass pass, Kernels kernels, Map<String, Weight.Stored> weights, TokenBatch batch,
                Consumer<CaseResult> results) {
            try (Optimizer optimizer = new Optimizer(kernels, List.of(new ParameterGroup(weights, rule, weightDecay,
                    1)))) {
                for (int step = 0; step < losses.length; step++) {
                    String id = "step " + (step + 1);
                    double loss = pass.loss(batch);
                    results.accept(CaseResult.of(id, "loss", Math.abs(loss - losses[step]), LOSS));
                    double norm = optimizer.gradientNorm(pass.weightGradients());
                    double expected = gradientNorms[step];
                    results.accept(CaseResult.of(id, "gradient norm",
                            WorstDifference.ratio(norm, expected, Math.abs(expected)), GRADIENT_NORM));
                    optimizer.step(pass.weightGradients(), learningRate, GradientNorm.clipFactor(norm, clipNorm));
                    pass.zeroGradients();
                }
            }
        }
    }
}
