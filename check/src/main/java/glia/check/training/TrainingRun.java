package glia.check.training;

import glia.check.reference.CaseFile;
import glia.check.reference.CaseParams;
import glia.check.reference.CaseResult;
import glia.check.reference.CaseTensor;
import glia.check.reference.RunKind;
import glia.check.reference.RunTensors;
import glia.check.reference.WorstDifference;
import glia.engine.pass.Engine;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.train.optim.AdamW;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroup;
import glia.train.optim.ParameterGroups;
import glia.train.run.LossBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Repeats a training run of a reference: losses, gradient norms and gradients of its steps, logits of the trained
/// model. The sequences are packed; the reference pads them.
final class TrainingRun {
    private static final double LOSS = 1e-4;
    private static final double GRADIENTS = 1e-3;
    private static final double LOGITS = 1e-3;
    /// Gradients that are zero up to rounding are compared with this share of the largest of all.
    private static final double SMALL = 5e-5;
    private static final long STATE_BYTES = 1 << 24;
    /// How cases name a base checkpoint: the folder of goldens and a name.
    private static final String BASE = "golden/";

    private final Path file;
    private final Path tensorFile;
    private final SafetensorsCheckpoint tensors;
    private final WorstDifference worst = new WorstDifference();

    private TrainingRun(Path file, Path tensorFile, SafetensorsCheckpoint tensors) {
        this.file = file;
        this.tensorFile = tensorFile;
        this.tensors = tensors;
    }

    /// Repeats a run.
    ///
    /// @throws IOException if a file is missing, broken or does not fit the others
    static CaseResult run(String name, RunKind kind, Path file, Path goldens, Kernels kernels) throws IOException {
        JsonNode json = CaseFile.parse(file);
        Path base = base(file, json, goldens);
        Path tensorFile = file.resolveSibling(name + ".safetensors");
        if (!Files.exists(tensorFile)) {
            throw new CheckpointException(tensorFile, "", "there is no such file, which should hold the run's batches");
        }
        try (SafetensorsCheckpoint tensors = SafetensorsCheckpoint.open(tensorFile);
                Model model = ModelLoader.load(base, parameter -> true);
                Engine engine = new Engine(model, kernels, Precision.EXACT, STATE_BYTES);
                TrainingPass pass = TrainingPass.of(engine, TrainingOptions.defaults())) {
            TrainingRun run = new TrainingRun(file, tensorFile, tensors);
            run.steps(json, kind, model, pass, kernels);
            run.logits(engine, base);
            return run.worst.of(name);
        }
    }

    private static Path base(Path file, JsonNode json, Path goldens) throws CheckpointException {
        String base = json.path("base").asString("");
        String name = base.startsWith(BASE) ? base.substring(BASE.length()) : "";
        if (!name.matches("\\w[\\w.-]*")) {
            throw new CheckpointException(file, "base", "found \"" + base + "\", expected " + BASE + " and a name");
        }
        Path folder = goldens.resolve(name);
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(folder, "", "there is no such folder, the base checkpoint of " + file);
        }
        return folder;
    }

    private void steps(JsonNode json, RunKind kind, Model model, TrainingPass pass, Kernels kernels)
            throws CheckpointException {
        CaseParams params = new CaseParams(json.path("params"));
        double rate = params.number("learning_rate");
        double clip = params.number("max_grad_norm", 1);
        AdamW rule = new AdamW(params.number("adam_beta1", 0.9), params.number("adam_beta2", 0.999),
                params.number("adam_epsilon", 1e-8), false);
        double decay = params.number("weight_decay", 0);
        RunKind.Steps batches = kind.open(params, new RunTensors(tensorFile, tensors), pass);
        if (!params.unread().isEmpty()) {
            throw new IllegalArgumentException("the parameters " + params.unread() + " are not supported");
        }
        JsonNode steps = json.path("steps");
        if (!steps.isArray() || steps.isEmpty()) {
            throw new CheckpointException(file, "steps", "expected a list of steps");
        }
        Map<String, Weight.Stored> weights = ParameterGroups.weights(model, w -> true);
        try (Optimizer optimizer = new Optimizer(kernels, List.of(new ParameterGroup(weights, rule, decay, 1)))) {
            for (int step = 0; step < steps.size(); step++) {
                CaseParams expected = new CaseParams(steps.get(step));
                String at = "step " + step + " ";
                LossBatch batch = batches.step(step);
                double loss = pass.loss(batch.tokens(), batch.loss());
                worst.keep(at + "loss", WorstDifference.ratio(loss, expected.number("step_loss"), 1), LOSS);
                double norm = optimizer.gradientNorm(pass.weightGradients());
                double wanted = expected.number("grad_norm");
                worst.keep(at + "gradient norm", WorstDifference.ratio(norm, wanted, Math.abs(wanted)), GRADIENTS);
                gradients("step" + step + ".grad.", at, pass.gradients());
                optimizer.step(pass.weightGradients(), rate, GradientNorm.clipFactor(norm, clip));
                pass.zeroGradients();
            }
        }
    }

    private void gradients(String prefix, String at, Map<String, Tensor> found) throws CheckpointException {
        List<String> names = tensors.names().stream().filter(n -> n.startsWith(prefix)).toList();
        double largest = 0;
        for (String name : names) {
            largest = Math.max(largest, WorstDifference.largest(CaseTensor.of(tensors.tensor(name)).values()));
        }
        for (String name : names) {
            String parameter = name.substring(prefix.length());
            Tensor gradient = found.get(parameter);
            CaseTensor expected = CaseTensor.of(tensors.tensor(name));
            if (gradient == null || !Arrays.equals(gradient.shape(), expected.shape())) {
                throw new CheckpointException(tensorFile, name, "is " + Arrays.toString(expected.shape())
                        + ", the model has " + (gradient == null ? "no such parameter" : gradient));
            }
            double size = Math.max(WorstDifference.largest(expected.values()), SMALL * largest);
            worst.keep(at + "gradient of " + parameter, WorstDifference.difference(CaseTensor.of(gradient).values(),
                    expected.values(), size == 0 ? 1 : size), GRADIENTS);
        }
    }

    /// The logits of the trained model for the base checkpoint's texts.
    private void logits(Engine engine, Path base) throws CheckpointException {
        try (SafetensorsCheckpoint texts = SafetensorsCheckpoint.open(base.resolve("expected.safetensors"))) {
            int[][] ids = texts.ids("input_ids");
            Pass all = new Pass();
            for (int[] row : ids) {
                all.add(row, 0, row.length, 0, Pass.Outputs.ALL);
            }
            double[] expected = CaseTensor.of(tensors.tensor("final_logits")).values();
            double[] found = engine.read(all, CaseTensor::of).values();
            if (expected.length != found.length) {
                throw new CheckpointException(tensorFile, "final_logits", "holds " + expected.length
                        + " numbers, the model gives " + found.length);
            }
            worst.keep("final_logits", WorstDifference.difference(found, expected, 1), LOGITS);
        }
    }
}
