package glia.train.run;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.data.RandomWindows;
import glia.train.data.Tokens;
import glia.train.optim.AdamW;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import glia.train.schedule.Schedule.CosineSchedule;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Training with products in FP8, as DeepSeek-V3's.
class Float8TrainingTest {
    static final String DENSE = """
            {"model_type": "llama", "hidden_size": 48, "intermediate_size": 144, "num_attention_heads": 2,
            "num_key_value_heads": 1, "num_hidden_layers": 2, "vocab_size": 32, "rms_norm_eps": 1e-5,
            "max_position_embeddings": 32, "tie_word_embeddings": false, "rope_theta": 10000.0}""";
    static final String EXPERTS = """
            {"model_type": "mixtral", "hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 2,
            "num_key_value_heads": 1, "num_hidden_layers": 2, "vocab_size": 32, "num_local_experts": 4,
            "num_experts_per_tok": 2, "rms_norm_eps": 1e-5, "max_position_embeddings": 32, "rope_theta": 10000.0,
            "tie_word_embeddings": false}""";
    /// Student's t for one side at 95 %, by the number of runs.
    private static final Map<Integer, Double> STUDENT = Map.of(4, 2.353, 8, 1.895);

    /// The mean loss of the last 40 of some steps.
    static double lastLoss(String config, TrainingOptions options, int steps, int seed) throws CheckpointException {
        int[] ids = new int[4000];
        long state = 1;
        for (int i = 1; i < ids.length; i++) {
            // A token follows from the one before it, with noise, so that the loss stays well above 0.
            state = state * 6364136223846793005L + 1442695040888963407L;
            int noise = (int) (state >>> 61);
            ids[i] = noise < 3 ? (int) (state >>> 40) & 31 : (5 * ids[i - 1] + 1) % 32;
        }
        var data = new RandomWindows(Tokens.of(ids), 6, 24, seed);
        double sum = 0;
        try (Workers workers = new Workers(2);
                Model model = FreshModel.create(Config.parse(Path.of("config.json"), config), seed)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            var schedule = new CosineSchedule(20, steps, 0.1);
            try (TrainingPass pass = TrainingPass.of(model, kernels, options); Optimizer optimizer = new Optimizer(
                    kernels, ParameterGroups.of(model, w -> true, new AdamW(0.9, 0.95), 0.1))) {
                for (int step = 0; step < steps; step++) {
                    pass.zeroGradients();
                    double loss = pass.loss(data.batch(step));
                    sum += step < steps - 40 ? 0 : loss / 40;
                    optimizer.step(pass.weightGradients(), 3e-3 * schedule.factor(step), 1);
                }
            }
        }
        return sum;
    }

    /// Checks that the loss with FP8 is not above that of BF16 by more than a share, in the mean over runs: a single
    /// run of a tiny model differs by up to three times as much in either direction, by rounding alone.
    private static void assertNotAbove(double share, String config, TrainingOptions half, int steps, int runs)
            throws Exception {
        double[] shares = new double[runs];
        for (int run = 0; run < runs; run++) {
            shares[run] = lastLoss(config, half.withFloat8(), steps, run) / lastLoss(config, half, steps, run) - 1;
        }
        double mean = Arrays.stream(shares).average().orElseThrow();
        double error = Math.sqrt(Arrays.stream(shares).map(x -> (x - mean) * (x - mean)).sum() / (runs - 1) / runs);
        String found = Arrays.toString(shares);
        assertNotEquals(0, error, "FP8 changes nothing");
        assertTrue(error < share, () -> "too few runs to tell: " + found);
        assertTrue(mean - STUDENT.get(runs) * error <= share, () -> "FP8 ends " + 100 * mean + " % higher: " + found);
    }

    @Test
    @Tag("slow")
    void runsEndWithinAQuarterOfAPercentOfBf16() throws Exception {
        assertNotAbove(0.0025, DENSE, TrainingOptions.defaults().with(Precision.HALF), 100, 8);
    }

    @Test
    void expertsLearnToo() throws Exception {
        assertNotAbove(0.01, EXPERTS, TrainingOptions.defaults().with(Precision.HALF).withCheckpoints(2), 60,
                4);
    }
}
