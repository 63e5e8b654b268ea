package glia.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
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
import glia.train.optim.GradientNorm;
import glia.train.optim.Muon;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroup;
import glia.train.optim.ParameterGroups;
import glia.train.schedule.Schedule.ConstantSchedule;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A loop written by hand: model, data, loss, optimizer.
class TrainingLoopTest {
    private static final String CONFIG = """
            {"model_type": "gpt2", "n_embd": 32, "n_head": 2, "n_layer": 2, "vocab_size": 12, "n_positions": 16,
            "tie_word_embeddings": true}""";

    private static double lastLoss(List<ParameterGroup> groups, Model model, Kernels kernels, double rate) {
        return lastLoss(groups, model, kernels, rate, TrainingOptions.defaults());
    }

    private static double lastLoss(List<ParameterGroup> groups, Model model, Kernels kernels, double rate,
            TrainingOptions options) {
        int[] ids = new int[200];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i * i % 12;
        }
        var data = new RandomWindows(Tokens.of(ids), 4, 16, 1);
        var schedule = new ConstantSchedule(5);
        double loss = Double.NaN;
        try (TrainingPass pass = TrainingPass.of(model, kernels, options);
                Optimizer optimizer = new Optimizer(kernels, groups)) {
            for (int step = 0; step < 120; step++) {
                loss = pass.loss(data.batch(step));
                double norm = optimizer.gradientNorm(pass.weightGradients());
                optimizer.step(pass.weightGradients(), rate * schedule.factor(step), GradientNorm.clipFactor(norm, 1));
                pass.zeroGradients();
            }
        }
        return loss;
    }

    @Test
    void aModelLearnsAPeriodicSequence() throws Exception {
        try (Workers workers = new Workers(2)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            for (boolean muon : new boolean[] {false, true}) {
                try (Model model = FreshModel.create(Config.parse(Path.of("config.json"), CONFIG), 7)) {
                    var groups = ParameterGroups.of(model, w -> true, muon ? new Muon() : new AdamW(), new AdamW(),
                            0.1);
                    double loss = lastLoss(groups, model, kernels, 1e-2);
                    // A model without memory cannot be better than the entropy of what follows a token.
                    assertTrue(loss < 0.3, (muon ? "Muon " : "AdamW ") + loss);
                }
            }
        }
    }

    @Test
    void mixedPrecisionLearnsAsWellAsF32() throws Exception {
        try (Workers workers = new Workers(2)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            TrainingOptions exact = TrainingOptions.defaults();
            TrainingOptions half = exact.with(Precision.HALF);
            double[] losses = new double[3];
            TrainingOptions[] all = {exact, half, half.withCheckpoints(2)};
            for (int i = 0; i < all.length; i++) {
                try (Model model = FreshModel.create(Config.parse(Path.of("config.json"), CONFIG), 7)) {
                    losses[i] = lastLoss(ParameterGroups.of(model, w -> true, new AdamW(), 0.1), model, kernels, 3e-3,
                            all[i]);
                }
            }
            // Nats: both losses have fallen from 2.5 to nearly nothing.
            assertEquals(losses[0], losses[1], 0.05);
            assertTrue(losses[1] < 0.3, losses[1] + "");
            assertEquals(losses[1], losses[2]);
        }
    }

    @Test
    void onlyMatricesDecayAndOnlyThoseOfLayersTakeTheRuleForMatrices() throws Exception {
        try (Model model = FreshModel.create(Config.parse(Path.of("config.json"), CONFIG), 7)) {
            List<ParameterGroup> groups = ParameterGroups.of(model, w -> true, new Muon(), new AdamW(), 0.1);
            assertEquals(3, groups.size());
            assertEquals(List.of("muon", "adamw", "adamw"), groups.stream().map(g -> g.rule().name()).toList());
            assertEquals(List.of(0.1, 0.1, 0.0), groups.stream().map(ParameterGroup::weightDecay).toList());
            assertEquals(List.of("EMBEDDING", "POSITIONS"),
                    groups.get(1).weights().keySet().stream().sorted().toList());
            int all = groups.stream().mapToInt(g -> g.weights().size()).sum();
            assertEquals(model.sources().size(), all);
        }
    }
}
