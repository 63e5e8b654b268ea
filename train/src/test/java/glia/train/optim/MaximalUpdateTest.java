package glia.train.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Initialization;
import glia.model.Model;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MaximalUpdateTest {
    private final Workers workers = new Workers(2);
    private final Kernels kernels = KernelBackends.choose("best", workers).kernels();

    @AfterEach
    void close() {
        workers.close();
    }

    private static Config config(int width, int heads, boolean tied) throws CheckpointException {
        return Config.parse(Path.of("config.json"), """
                {"model_type": "gpt2", "n_embd": %d, "n_head": %d, "n_layer": 2, "vocab_size": 40, "n_positions": 16,
                "tie_word_embeddings": %b}""".formatted(width, heads, tied));
    }

    private static Tensor tensor(Model model, Role role, int layer) {
        Parameter found = model.sources().keySet().stream().filter(p -> p.role() == role
                && (p.sublayer() < 0 || model.spec().sublayer(p).layer() == layer)).findFirst().orElseThrow();
        return ((Weight.Stored) model.weights().get(found)).tensor();
    }

    private static double deviation(Tensor t) {
        double sum = 0;
        for (long i = 0; i < t.size(); i++) {
            sum += (double) t.get(i) * t.get(i);
        }
        return Math.sqrt(sum / t.size());
    }

    /// How far the logits move in a few steps, mean over all.
    private double moved(int width, int heads, Initialization form, double rate) throws CheckpointException {
        double sum = 0;
        int seeds = 3;
        for (int seed = 0; seed < seeds; seed++) {
            try (Model model = FreshModel.create(config(width, heads, false), form, seed);
                    TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
                List<ParameterGroup> groups = ParameterGroups.of(model, w -> true, new AdamW(), 0);
                if (form instanceof Initialization.MaximalUpdate mup) {
                    groups = MaximalUpdate.groups(model, mup, groups);
                }
                TokenBatch batch = new TokenBatch();
                for (int i = 0; i < 3; i++) {
                    int[] ids = new int[16];
                    for (int j = 0; j < ids.length; j++) {
                        ids[j] = (7 * i + 3 * j * j + seed) % 40;
                    }
                    batch.add(ids);
                }
                float[] before = logits(pass, batch);
                try (Optimizer optimizer = new Optimizer(kernels, groups)) {
                    for (int step = 0; step < 4; step++) {
                        pass.zeroGradients();
                        pass.loss(batch);
                        optimizer.step(pass.weightGradients(), rate, 1);
                    }
                }
                float[] after = logits(pass, batch);
                for (int i = 0; i < after.length; i++) {
                    sum += Math.abs(after[i] - before[i]) / after.length / seeds;
                }
            }
        }
        return sum;
    }

    private static float[] logits(TrainingPass pass, TokenBatch batch) {
        float[][] found = new float[1][];
        pass.evaluate(batch, p -> {
            found[0] = p.logits().tensor().toArray();
            return Loss.CROSS_ENTROPY.of(p);
        });
        return found[0];
    }

    /// The coordinate check of the paper, appendix D.1.
    @Test
    void logitsMoveByTheSameAtAllWidths() throws Exception {
        var form = new Initialization.MaximalUpdate(32);
        double narrow = moved(64, 4, form, 4e-3);
        for (int width : new int[] {128, 256}) {
            double ratio = moved(width, width / 16, form, 4e-3) / narrow;
            assertTrue(ratio > 0.6 && ratio < 1.1, "width " + width + " moves " + ratio + " times as far");
        }
        // Heads that grow with the width.
        double ratio = moved(256, 2, new Initialization.MaximalUpdate(32, 16), 4e-3) / narrow;
        assertTrue(ratio > 0.6 && ratio < 1.1, "wide heads move " + ratio + " times as far");
        // Without the parametrization the same learning rate moves them further and further.
        double plain = moved(256, 16, Initialization.DEFAULT, 4e-3) / moved(64, 4, Initialization.DEFAULT, 4e-3);
        assertTrue(plain > 1.3, "moves " + plain + " times as far");
    }

    @Test
    void atTheBaseWidthItIsTheDefault() throws Exception {
        try (Model plain = FreshModel.create(config(32, 2, false), 3);
                Model mup = FreshModel.create(config(32, 2, false), new Initialization.MaximalUpdate(32, 16), 3)) {
            plain.sources().keySet().forEach(p -> assertArrayEquals(
                    ((Weight.Stored) plain.weights().get(p)).tensor().toArray(),
                    ((Weight.Stored) mup.weights().get(p)).tensor().toArray()));
            List<ParameterGroup> groups = ParameterGroups.of(mup, w -> true, new AdamW(), 0.1);
            List<ParameterGroup> split = MaximalUpdate.groups(mup, new Initialization.MaximalUpdate(32, 16), groups);
            assertEquals(groups, split);
        }
    }

    @Test
    void factorsOfFourTimesTheWidth() throws Exception {
        var form = new Initialization.MaximalUpdate(16, 8);
        try (Model model = FreshModel.create(config(64, 2, false), form, 3)) {
            assertEquals(1.0 / 8, deviation(tensor(model, Role.KEY, 0)), 0.01);
            assertEquals(1.0 / 8 / 2, deviation(tensor(model, Role.QUERY, 0)), 0.005);
            assertEquals(1.0 / 8 / 2, deviation(tensor(model, Role.HEAD, 0)), 0.005);
            assertEquals(1.0 / 16, deviation(tensor(model, Role.DOWN, 1)), 0.005);
            assertEquals(0.02, deviation(tensor(model, Role.EMBEDDING, 0)), 0.002);
            List<ParameterGroup> split = MaximalUpdate.groups(model, form,
                    ParameterGroups.of(model, w -> true, new AdamW(), 0.1));
            Map<Role, Double> rates = Map.of(Role.KEY, 0.25, Role.QUERY, 0.125, Role.HEAD, 0.25, Role.DOWN, 0.25,
                    Role.EMBEDDING, 1.0, Role.BEFORE_WEIGHT, 1.0, Role.KEY_BIAS, 1.0, Role.QUERY_BIAS, 0.5);
            rates.forEach((role, rate) -> {
                ParameterGroup group = split.stream().filter(g -> g.weights().values().stream()
                        .anyMatch(w -> w.tensor() == tensor(model, role, 0))).findFirst().orElseThrow();
                assertEquals(rate, group.rateFactor(), 1e-12, role.toString());
                assertEquals(role == Role.BEFORE_WEIGHT || role == Role.KEY_BIAS || role == Role.QUERY_BIAS ? 0 : 0.1,
                        group.weightDecay() * group.rateFactor(), 1e-12, role.toString());
            });
            assertEquals(model.sources().size(), split.stream().mapToInt(g -> g.weights().size()).sum());
            var e = assertThrows(IllegalArgumentException.class, () -> MaximalUpdate.groups(model, form,
                    ParameterGroups.of(model, w -> true, new Adafactor(), 0)));
            assertTrue(e.getMessage().contains("not of adafactor"), e.getMessage());
        }
    }

    @Test
    void valuesOfGpt2() throws Exception {
        try (Model model = FreshModel.create(config(64, 2, true), Initialization.GPT2, 3)) {
            for (Role role : List.of(Role.QUERY, Role.KEY, Role.UP, Role.EMBEDDING)) {
                assertEquals(0.02, deviation(tensor(model, role, 1)), 0.001);
            }
            for (Role role : List.of(Role.OUTPUT, Role.DOWN)) {
                assertEquals(0.02 / Math.sqrt(4), deviation(tensor(model, role, 1)), 0.0005);
            }
            assertEquals(0, deviation(tensor(model, Role.UP_BIAS, 0)));
            assertEquals(1, deviation(tensor(model, Role.BEFORE_WEIGHT, 0)));
        }
    }

    @Test
    void aTiedHeadIsRefused() {
        var e = assertThrows(IllegalArgumentException.class,
                () -> FreshModel.create(config(32, 2, true), new Initialization.MaximalUpdate(16), 3));
        assertTrue(e.getMessage().contains("set tie_word_embeddings to false"), e.getMessage());
    }
}
