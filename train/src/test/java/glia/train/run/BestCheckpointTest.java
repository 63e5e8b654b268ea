package glia.train.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.Loss;
import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.train.checkpoint.CheckpointStore;
import glia.train.checkpoint.TrainedModel;
import glia.train.loss.TokenAccuracy;
import glia.train.optim.AdamW;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import glia.train.schedule.Schedule.ConstantSchedule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The result of a run is the model of its best validation, and a run may end when none is better.
class BestCheckpointTest {
    private static final String CONFIG = """
            {"model_type": "gpt2", "n_embd": 16, "n_head": 2, "n_layer": 1, "vocab_size": 12, "n_positions": 16,
            "tie_word_embeddings": true}""";
    private static final int[] IDS = {1, 2, 3, 4, 5, 6, 7, 8};

    @TempDir
    private Path folder;

    /// Validates by given losses and rewards in turn.
    private record Scripted(double[] losses, double[] rewards, int[] next, float[][] weights, Model model,
            boolean validatesFirst) implements Objective {
        @Override
        public Objective.StepLoss accumulate(TrainingPass pass, long step) {
            return Objective.StepLoss.of(pass.loss(new TokenBatch().add(IDS)), IDS.length);
        }

        @Override
        public OptionalDouble validate(TrainingPass pass) {
            weights[next[0]] = first(model);
            return OptionalDouble.of(losses[next[0]++]);
        }

        @Override
        public double validationTie() {
            return rewards[next[0] - 1];
        }
    }

    private static float[] first(Model model) {
        Tensor t = model.weights().all().values().stream().filter(w -> w instanceof Weight.Stored)
                .map(w -> ((Weight.Stored) w).tensor()).findFirst().orElseThrow();
        float[] values = new float[(int) t.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = t.get(i);
        }
        return values;
    }

    private long[] best(double[] losses, double[] rewards, int patience) throws Exception {
        return best(losses, rewards, patience, false);
    }

    /// Runs 2 steps for each validation and returns the best step and the steps made.
    private long[] best(double[] losses, double[] rewards, int patience, boolean first) throws Exception {
        long steps = 2L * (losses.length - (first ? 1 : 0));
        try (Workers workers = new Workers(1); Model model = FreshModel.create(Config.parse(Path.of("config.json"),
                CONFIG), 7)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            Scripted objective = new Scripted(losses, rewards, new int[1], new float[losses.length][], model,
                    first);
            try (TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
                    Optimizer optimizer = new Optimizer(kernels, ParameterGroups.of(model, w -> true,
                            new AdamW(0.9, 0.95, 1e-8, false), 0))) {
                Trainer trainer = new Trainer(pass, optimizer, objective, new TrainerOptions(steps, 1e-2,
                        new ConstantSchedule(0), 1, 2, 0, 0, 0).withBest(true, patience))
                        .saveTo(new CheckpointStore(Files.createTempDirectory(folder, "run"), 1),
                                TrainedModel.of(model));
                assertTrue(trainer.runToEnd());
                OptionalLong step = trainer.restoreBest();
                long best = step.orElse(optimizer.steps());
                float[] weights = objective.weights()[(int) best / 2 - (first ? 0 : 1)];
                assertTrue(Arrays.equals(weights, first(model)), "step " + best);
                assertEquals(optimizer.steps() < steps, trainer.endReason().isPresent());
                return new long[] {best, optimizer.steps()};
            }
        }
    }

    @Test
    void theBestValidationIsTheResult() throws Exception {
        double[] none = new double[5];
        assertEquals("[4, 10]", Arrays.toString(best(new double[] {3, 1, 2, 2, 2}, none, 0)));
        assertEquals("[10, 10]", Arrays.toString(best(new double[] {5, 4, 3, 2, 1}, none, 0)));
        assertEquals("[4, 8]", Arrays.toString(best(new double[] {3, 1, 2, 2, 2}, none, 2)));
        // Of equal losses, such as an accuracy of 0, the one with the most reward.
        assertEquals("[6, 10]", Arrays.toString(best(new double[] {1, 1, 1, 1, 1}, new double[] {0, 1, 3, 2, 3}, 0)));
    }

    /// The model before the first update is the result where no later one is better.
    @Test
    void theFirstModelMayBeTheBest() throws Exception {
        double[] none = new double[4];
        assertEquals("[0, 6]", Arrays.toString(best(new double[] {1, 2, 3, 2}, none, 0, true)));
        assertEquals("[2, 6]", Arrays.toString(best(new double[] {2, 1, 3, 2}, none, 0, true)));
        assertEquals("[0, 4]", Arrays.toString(best(new double[] {1, 2, 3, 2}, none, 2, true)));
    }

    /// The shares are those of the most probable tokens of the logits.
    @Test
    void accuracyCountsTheMostProbableTokens() throws Exception {
        try (Workers workers = new Workers(1); Model model = FreshModel.create(Config.parse(Path.of("config.json"),
                CONFIG), 3)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            try (TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
                int[][] most = new int[1][];
                TokenBatch probe = new TokenBatch().add(IDS).add(IDS);
                pass.evaluate(probe, p -> {
                    most[0] = argmax(p);
                    return p.logProbs().mean();
                });
                // The first sequence is all right by its own predictions, the second but for one token.
                int[] wrong = Arrays.copyOfRange(most[0], 7, 14);
                wrong[3] = (wrong[3] + 1) % 12;
                float[] ones = {1, 1, 1, 1, 1, 1, 1};
                int[] inputs = Arrays.copyOf(IDS, 7);
                TokenBatch judged = new TokenBatch().addTargets(inputs, Arrays.copyOf(most[0], 7), ones)
                        .addTargets(inputs, wrong, ones);
                TokenAccuracy accuracy = new TokenAccuracy();
                double loss = pass.evaluate(judged, accuracy);
                assertEquals(pass.evaluate(judged, Loss.CROSS_ENTROPY), loss, 1e-6);
                assertEquals(Map.of("accuracy/tokens", 13 / 14.0, "accuracy/answers", 0.5), accuracy.figures());
            }
        }
    }

    private static int[] argmax(Predictions p) {
        Tensor logits = p.logits().tensor();
        int[] most = new int[logits.rows()];
        for (int row = 0; row < most.length; row++) {
            for (int v = 1; v < logits.cols(); v++) {
                if (logits.get((long) row * logits.cols() + v) > logits.get((long) row * logits.cols() + most[row])) {
                    most[row] = v;
                }
            }
        }
        return most;
    }
}
