package glia.train.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.train.checkpoint.CheckpointStore;
import glia.train.checkpoint.TrainedModel;
import glia.train.data.RandomWindows;
import glia.train.data.Tokens;
import glia.train.optim.AdamW;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroup;
import glia.train.optim.ParameterGroups;
import glia.train.optim.WeightAverage;
import glia.train.run.NumberWatch.Options;
import glia.train.run.NumberWatch.Policy;
import glia.train.run.NumberWatch.Verdict;
import glia.train.schedule.Schedule.ConstantSchedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NumberWatchTest {
    private static final String CONFIG = """
            {"model_type": "llama", "hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2,
            "num_key_value_heads": 1, "num_hidden_layers": 3, "vocab_size": 20, "rms_norm_eps": 1e-5,
            "max_position_embeddings": 32, "tie_word_embeddings": false, "rope_theta": 10000.0}""";

    private final Workers workers = new Workers(1);
    private final Kernels kernels = KernelBackends.choose("scalar", workers).kernels();
    private Model model;
    private TrainingPass pass;
    @TempDir
    private Path folder;

    @BeforeEach
    void open() throws Exception {
        model = FreshModel.create(Config.parse(Path.of("config.json"), CONFIG), 3);
        pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
    }

    @AfterEach
    void close() {
        pass.close();
        model.close();
        workers.close();
    }

    private Weight.Stored weight(Role role, int layer) {
        Parameter found = model.sources().keySet().stream().filter(p -> p.role() == role
                && (p.sublayer() < 0 || model.spec().sublayer(p).layer() == layer)).findFirst().orElseThrow();
        return (Weight.Stored) model.weights().get(found);
    }

    private RandomWindows data() {
        int[] ids = new int[200];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i * i % 19;
        }
        return new RandomWindows(Tokens.of(ids), 2, 8, 1);
    }

    @Test
    void theFirstGradientOfTheBackwardPassIsNamed() {
        double loss = pass.loss(data().batch(0));
        // The backward pass goes from layer 2 to layer 0.
        pass.weightGradients().of(weight(Role.QUERY, 0)).set(3, Float.NaN);
        pass.weightGradients().of(weight(Role.GATE, 1)).set(16, Float.POSITIVE_INFINITY);
        pass.weightGradients().of(weight(Role.GATE, 1)).set(17, Float.NaN);
        NumberWatch watch = new NumberWatch(model, Options.of(Policy.STOP));
        String message = assertThrows(TrainingException.class, () -> watch.check(pass, 12, loss, Double.NaN))
                .getMessage();
        assertTrue(message.startsWith("step 12: the loss is " + loss + ", the gradient norm NaN; the first gradient "
                + "of the backward pass that is not finite is that of sublayers.3.gate (layer 1, gate): "
                + "2 of 384 values, the first Infinity in row 1, column 0; try a smaller"), message);
    }

    @Test
    void policiesGiveVerdicts() {
        pass.loss(data().batch(0));
        for (Policy policy : List.of(Policy.SKIP, Policy.ROLL_BACK, Policy.WARN)) {
            NumberWatch watch = new NumberWatch(model, new Options(policy, policy, 6, 100));
            assertEquals(Verdict.UPDATE, watch.check(pass, 1, 2.5, 1));
            Verdict verdict = watch.check(pass, 2, Double.POSITIVE_INFINITY, 1);
            assertEquals(policy.name(), verdict.action().name());
            assertTrue(verdict.reason().contains("the loss is Infinity, the gradient norm 1.0; all gradients are "
                    + "finite"), verdict.reason());
        }
    }

    @Test
    void onlyASuddenRiseIsASpike() {
        NumberWatch watch = new NumberWatch(model, new Options(Policy.STOP, Policy.SKIP, 6, 50));
        for (int step = 1; step < 200; step++) {
            double loss = 4 * Math.exp(-step / 60.0) + 1 + 0.05 * Math.sin(step * 1.7);
            assertEquals(Verdict.UPDATE, watch.check(pass, step, loss, 1), "step " + step);
        }
        Verdict spike = watch.check(pass, 200, 3.5, 1);
        assertEquals(Verdict.Action.SKIP, spike.action());
        assertTrue(spike.reason().startsWith("step 200: loss spike, 3.5"), spike.reason());
        NumberWatch other = new NumberWatch(model, new Options(Policy.STOP, Policy.SKIP, 6, 50));
        other.state().forEach((name, t) -> t.copyFrom(watch.state().get(name)));
        for (int step = 201; step < 330; step++) {
            // A new level is accepted after a while.
            assertEquals(watch.check(pass, step, 3.5, 1), other.check(pass, step, 3.5, 1));
        }
        assertEquals(Verdict.UPDATE, watch.check(pass, 330, 3.5, 1));
    }

    /// An objective with infinite gradients at one step.
    private Objective objective(long brokenStep) {
        return (p, step) -> {
            double loss = p.loss(data().batch(step));
            if (step == brokenStep) {
                p.weightGradients().of(weight(Role.DOWN, 1)).set(0, Float.POSITIVE_INFINITY);
            }
            return Objective.StepLoss.of(loss, 16);
        };
    }

    private List<String> run(Policy policy, int steps, TreeMap<Long, Double> losses, boolean resumes)
            throws Exception {
        List<String> warnings = new ArrayList<>();
        CheckpointStore store = new CheckpointStore(folder, 3);
        List<ParameterGroup> groups = ParameterGroups.of(model, w -> true, new AdamW(), 0.1);
        NumberWatch watch = new NumberWatch(model, Options.of(policy));
        try (Optimizer optimizer = new Optimizer(kernels, groups);
                WeightAverage average = new WeightAverage(kernels, groups, 0.9)) {
            Trainer trainer = new Trainer(pass, optimizer, objective(7),
                    new TrainerOptions(steps, 1e-2, new ConstantSchedule(0), 1, 0, 5, 0, 0))
                    .saveTo(store, TrainedModel.of(model)).guardBy(watch).after(average::updated)
                    .keep(average.state()).keep(watch.state());
            Optional<CheckpointStore.Saved> last = store.latest(new ArrayList<>());
            if (resumes && last.isPresent()) {
                TrainedModel.of(model).restore(last.get().folder());
                trainer.resume(last.get());
            }
            trainer.listen(new TrainingListener() {
                @Override
                public void warned(long step, String message) {
                    warnings.add(message);
                }

                @Override
                public void step(TrainingListener.StepFigures figures) {
                    losses.put(figures.step(), figures.loss());
                }
            });
            trainer.run();
            average.state().forEach((name, t) -> losses.put((long) -1 - losses.size(), (double) t.get(0)));
        }
        return warnings;
    }

    @Test
    void aSkippedStepLeavesTheWeights() throws Exception {
        TreeMap<Long, Double> losses = new TreeMap<>();
        List<String> warnings = run(Policy.SKIP, 12, losses, false);
        assertEquals(1, warnings.size());
        assertTrue(warnings.getFirst().startsWith("step 8: ") && warnings.getFirst().contains(
                "(layer 1, down)") && warnings.getFirst().endsWith("; the update is skipped"), warnings.getFirst());
        assertTrue(losses.values().stream().allMatch(Double::isFinite));
    }

    @Test
    void aRollbackReturnsToTheLastCheckpoint() throws Exception {
        TreeMap<Long, Double> losses = new TreeMap<>();
        List<String> warnings = run(Policy.ROLL_BACK, 8, losses, false);
        assertEquals(2, warnings.size());
        assertTrue(warnings.get(1).startsWith("rolled back to the weights of step 5; the run goes on with the data "
                + "after step 8"), warnings.get(1));
        float[] found = weight(Role.QUERY, 1).tensor().toArray();
        TrainedModel.of(model).restore(folder.resolve("step-00000005"));
        assertArrayEquals(weight(Role.QUERY, 1).tensor().toArray(), found);
    }

    @Test
    void aRollbackOfARunThatSavesNoneEndsIt() {
        pass.loss(data().batch(0));
        try (Optimizer optimizer = new Optimizer(kernels, ParameterGroups.of(model, w -> true, new AdamW(), 0))) {
            Trainer trainer = new Trainer(pass, optimizer, objective(0),
                    new TrainerOptions(3, 1e-2, new ConstantSchedule(0)))
                    .guardBy(new NumberWatch(model, Options.of(Policy.ROLL_BACK)));
            var e = assertThrows(TrainingException.class, trainer::run);
            assertTrue(e.getMessage().endsWith("there are no checkpoints to roll back to"), e.getMessage());
        }
    }

    @Test
    void aRollbackBeforeTheFirstCheckpointSkipsTheUpdate() throws Exception {
        float[] before = weight(Role.QUERY, 1).tensor().toArray();
        CheckpointStore store = new CheckpointStore(folder, 3);
        List<String> warnings = new ArrayList<>();
        try (Optimizer optimizer = new Optimizer(kernels, ParameterGroups.of(model, w -> true, new AdamW(), 0))) {
            Trainer trainer = new Trainer(pass, optimizer, objective(0),
                    new TrainerOptions(1, 1e-2, new ConstantSchedule(0))).saveTo(store, TrainedModel.of(model))
                    .guardBy(new NumberWatch(model, Options.of(Policy.ROLL_BACK)));
            trainer.listen(new TrainingListener() {
                @Override
                public void warned(long step, String message) {
                    warnings.add(message);
                }
            });
            assertEquals(1, trainer.run());
        }
        assertEquals("there is no checkpoint to roll back to yet; the update of step 1 is skipped", warnings.get(1));
        assertArrayEquals(before, weight(Role.QUERY, 1).tensor().toArray());
    }

    /// Skipping and rolling back cannot repair weights, so the run ends in place of going on to its last step.
    @Test
    void weightsThatAreNotFiniteEndTheRun() {
        weight(Role.UP, 1).update(t -> t.set(5, Float.NaN));
        double loss = pass.loss(data().batch(0));
        NumberWatch skipping = new NumberWatch(model, Options.of(Policy.SKIP));
        var e = assertThrows(TrainingException.class, () -> skipping.check(pass, 4, loss, Double.NaN));
        assertTrue(e.getMessage().contains("sublayers.3.up (layer 1, up): 1 of 384 values, the first NaN in row 0, "
                + "column 5"), e.getMessage());
        weight(Role.UP, 1).update(t -> t.set(5, 0));
        NumberWatch hopeless = new NumberWatch(model, Options.of(Policy.SKIP));
        for (int step = 1; step < 10; step++) {
            assertEquals(Verdict.Action.SKIP, hopeless.check(pass, step, 1, Double.NaN).action());
        }
        e = assertThrows(TrainingException.class, () -> hopeless.check(pass, 10, 1, Double.NaN));
        assertTrue(e.getMessage().contains("none of the last 10 losses was finite"), e.getMessage());
        weight(Role.UP, 1).update(t -> t.set(5, Float.NaN));
        NumberWatch back = new NumberWatch(model, Options.of(Policy.ROLL_BACK));
        assertEquals(Verdict.Action.ROLL_BACK, back.check(pass, 4, loss, Double.NaN).action());
        assertThrows(TrainingException.class, () -> back.check(pass, 5, loss, Double.NaN));
    }

    @Test
    void aResumedRunHasTheSameLossesAveragesAndVerdicts() throws Exception {
        TreeMap<Long, Double> parts = new TreeMap<>();
        run(Policy.ROLL_BACK, 10, parts, false);
        parts.keySet().removeIf(step -> step < 0);
        // Whatever the weights are, they come from the checkpoint.
        weight(Role.QUERY, 1).update(Tensor::zero);
        run(Policy.ROLL_BACK, 15, parts, true);
        open();
        TreeMap<Long, Double> whole = new TreeMap<>();
        folder = folder.resolve("whole");
        run(Policy.ROLL_BACK, 15, whole, false);
        assertEquals(whole.headMap(0L).values().stream().toList(), parts.headMap(0L).values().stream().toList());
        assertEquals(whole.tailMap(0L), parts.tailMap(0L));
        assertEquals(15, whole.tailMap(0L).size());
    }

    @Test
    void averagesTakeThePlaceOfWeightsAndBack() {
        List<ParameterGroup> groups = ParameterGroups.of(model, w -> true, new AdamW(), 0);
        Weight.Stored w = weight(Role.QUERY, 0);
        try (WeightAverage average = new WeightAverage(kernels, groups, 0.75)) {
            float[] first = w.tensor().toArray();
            w.update(t -> t.set(0, 8));
            average.updated(1);
            w.update(t -> t.set(0, -3));
            float[] last = w.tensor().toArray();
            average.exchange();
            assertEquals(0.75 * first[0] + 0.25 * 8, w.tensor().get(0), 1e-6);
            assertThrows(IllegalStateException.class, () -> average.updated(2));
            average.exchange();
            assertArrayEquals(last, w.tensor().toArray());
        }
    }
}
