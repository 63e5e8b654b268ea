package glia.engine.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.block.Pass;
import glia.model.spec.Parameter;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TrainingPassTest {
    private static final String CONFIG = """
            {"model_type": "gemma2", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 4,
            "num_key_value_heads": 2, "head_dim": 6, "num_hidden_layers": 2, "vocab_size": 50, "rms_norm_eps": 1e-5,
            "max_position_embeddings": 64, "sliding_window": 8, "query_pre_attn_scalar": 6,
            "final_logit_softcapping": 5.0, "attn_logit_softcapping": 20.0}""";
    private static final int[] FIRST = {3, 9, 4, 4, 20, 49, 5, 7};
    private static final int[] SECOND = {3, 11, 40};

    private final Workers workers = new Workers(2);
    private Model model;
    private Engine engine;

    @BeforeEach
    void open() throws CheckpointException {
        model = FreshModel.create(Config.parse(Path.of("config.json"), CONFIG), 4);
        engine = new Engine(model, KernelBackends.choose("best", workers).kernels(), Precision.EXACT, 1 << 24);
    }

    @AfterEach
    void close() {
        engine.close();
        model.close();
        workers.close();
    }

    private static TokenBatch batch() {
        return new TokenBatch().add(FIRST).add(SECOND, new float[] {1, 0, 2});
    }

    /// Losses over each of the things that a model says, some over all of them.
    static Stream<Object[]> losses() {
        Loss entropy = p -> p.tokens(1, true, 0).entropy().mean();
        Loss hidden = p -> p.hidden().square().rowSums().mean();
        Loss logits = p -> p.logits(0, 3).logSoftmax().column(7).sum();
        Loss clipped = p -> {
            Value ratio = p.logProbs().plus(3.9).exp();
            Value gain = p.constant(1, -1, 0.5f, 2, -2, 1, 1, -1);
            return ratio.times(gain).min(ratio.clamp(0.8, 1.2).times(gain)).mean().times(-1);
        };
        Loss both = p -> Loss.CROSS_ENTROPY.of(p).plus(p.hidden().square().mean().times(0.3));
        return Stream.of(new Object[] {"cross-entropy", Loss.CROSS_ENTROPY}, new Object[] {"entropy", entropy},
                new Object[] {"hidden states", hidden}, new Object[] {"logits", logits},
                new Object[] {"clipped ratio", clipped}, new Object[] {"a sum of two", both});
    }

    /// Along a random direction of all weights at once.
    @ParameterizedTest(name = "{0}")
    @MethodSource("losses")
    void gradientsAreSlopes(String name, Loss loss) throws CheckpointException {
        try (TrainingPass training = TrainingPass.of(engine, TrainingOptions.defaults())) {
            double value = training.loss(batch(), loss);
            assertEquals(value, training.evaluate(batch(), loss), 1e-6 * Math.max(1, Math.abs(value)));
            Random random = new Random(2);
            double expected = 0;
            Map<String, Tensor> gradients = training.gradients();
            assertEquals(model.checkpoint().names(), gradients.keySet());
            double size = 0;
            for (String each : model.checkpoint().names()) {
                Tensor g = gradients.get(each);
                for (long i = 0; i < g.size(); i++) {
                    expected += g.get(i) * random.nextGaussian();
                    size += (double) g.get(i) * g.get(i);
                }
            }
            float step = 1e-4f;
            move(step);
            double above = training.evaluate(batch(), loss);
            move(-2 * step);
            double below = training.evaluate(batch(), loss);
            move(step);
            assertEquals((above - below) / (2 * step), expected, 0.01 * Math.sqrt(size) + 5e-3);
        }
    }

    private void move(float step) throws CheckpointException {
        Random random = new Random(2);
        for (String name : model.checkpoint().names()) {
            Tensor w = model.checkpoint().tensor(name);
            for (long i = 0; i < w.size(); i++) {
                w.set(i, (float) (w.get(i) + step * random.nextGaussian()));
            }
            w.changed();
        }
    }

    @Test
    void lossIsTheWeightedMeanOverTargets() {
        try (TrainingPass training = TrainingPass.of(engine, TrainingOptions.defaults())) {
            double sum = -engine.read(new Pass().add(FIRST, 0, 8, 0, Pass.Outputs.ALL)
                    .add(SECOND, 0, 3, 0, Pass.Outputs.ALL), logits -> {
                        double logProbs = 2 * logProb(logits, 9, SECOND[2]);
                        for (int i = 0; i < 7; i++) {
                            logProbs += logProb(logits, i, FIRST[i + 1]);
                        }
                        return logProbs;
                    });
            assertEquals(sum / 9, training.loss(batch()), 1e-5);
        }
    }

    private static double logProb(Tensor logits, int row, int target) {
        double sum = 0;
        for (int v = 0; v < logits.cols(); v++) {
            sum += Math.exp(logits.get((long) row * logits.cols() + v));
        }
        return logits.get((long) row * logits.cols() + target) - Math.log(sum);
    }

    @Test
    void gradientsOfSeveralLossesAddUp() {
        TokenBatch first = new TokenBatch().add(FIRST);
        TokenBatch second = new TokenBatch().add(SECOND);
        try (TrainingPass training = TrainingPass.of(engine, TrainingOptions.defaults())) {
            training.loss(first);
            float[] a = flat(training);
            training.zeroGradients();
            training.loss(second, Loss.CROSS_ENTROPY.scaled(0.5));
            float[] b = flat(training);
            training.loss(first);
            float[] both = flat(training);
            for (int i = 0; i < both.length; i++) {
                assertEquals(a[i] + b[i], both[i], 1e-6 * (1 + Math.abs(both[i])));
            }
        }
    }

    private static float[] flat(TrainingPass training) {
        float[] all = {};
        for (Tensor g : training.gradients().values()) {
            float[] numbers = g.toArray();
            int at = all.length;
            all = Arrays.copyOf(all, at + numbers.length);
            System.arraycopy(numbers, 0, all, at, numbers.length);
        }
        return all;
    }

    @Test
    void frozenWeightsHaveNoGradients() {
        try (TrainingPass all = TrainingPass.of(engine, TrainingOptions.defaults());
                TrainingPass some = TrainingPass.of(engine,
                        TrainingOptions.defaults().withTrainableNames(n -> n.startsWith("sublayers.2.")))) {
            assertEquals(all.loss(batch()), some.loss(batch()), 1e-6);
            assertTrue(some.gradients().size() < all.gradients().size());
            some.gradients().forEach((name, g) -> {
                assertTrue(name.startsWith("sublayers.2."), name);
                assertArrayEquals(all.gradients().get(name).toArray(), g.toArray(), 1e-6f);
            });
        }
        TrainingOptions none = TrainingOptions.defaults().withTrainableNames("no such name"::equals);
        assertThrows(IllegalArgumentException.class, () -> TrainingPass.of(engine, none));
    }

    @Test
    void checkpointsChangeNoBit() {
        try (TrainingPass all = TrainingPass.of(engine, TrainingOptions.defaults());
                TrainingPass some = TrainingPass.of(engine, TrainingOptions.defaults().withCheckpoints(2))) {
            assertEquals(all.loss(batch()), some.loss(batch()));
            assertArrayEquals(flat(all), flat(some));
        }
    }

    /// Kernels may keep weights in a form of their own, which must follow an update.
    @Test
    void lossInHalfPrecisionFollowsUpdates() {
        try (TrainingPass half = TrainingPass.of(engine, TrainingOptions.defaults().with(Precision.HALF));
                TrainingPass exact = TrainingPass.of(engine, TrainingOptions.defaults())) {
            double before = half.loss(batch());
            assertEquals(exact.loss(batch()), before, 0.03);
            Random random = new Random(3);
            // In an order that is the same in each run.
            for (Parameter p : model.sources().keySet()) {
                if (model.weights().get(p) instanceof Weight.Stored stored && stored.tensor().rank() == 2) {
                    stored.update(t -> {
                        for (long i = 0; i < t.size(); i++) {
                            t.set(i, (float) (t.get(i) + 0.2 * random.nextGaussian()));
                        }
                    });
                }
            }
            double after = half.loss(batch());
            assertTrue(Math.abs(after - before) > 0.1, before + ", then " + after);
            assertEquals(exact.loss(batch()), after, 0.03);
        }
    }

    @Test
    void generationAndTrainingDoNotDisturbEachOther() {
        try (TrainingPass training = TrainingPass.of(engine, TrainingOptions.defaults());
                Sequence sequence = engine.open()) {
            double loss = training.loss(batch());
            float[] gradients = flat(training);
            training.zeroGradients();
            engine.add(sequence, FIRST, 0, 5, Pass.Outputs.LAST);
            Tensor logits = engine.run();
            float[] before = logits.toArray();
            assertEquals(loss, training.loss(batch()));
            assertArrayEquals(before, logits.toArray());
            assertArrayEquals(gradients, flat(training));
        }
    }

    @Test
    void logitsOfAnySubsetOfRows() {
        try (Sequence whole = engine.open(); Sequence some = engine.open(); Sequence other = engine.open()) {
            engine.add(whole, FIRST, 0, 8, Pass.Outputs.ALL);
            float[] all = engine.run().toArray();
            engine.add(some, FIRST, 0, 3, new int[] {1});
            engine.run();
            engine.add(other, SECOND, 0, 3, Pass.Outputs.LAST);
            engine.add(some, FIRST, 3, 8, new int[] {0, 2, 4});
            Tensor logits = engine.run();
            assertEquals(4, logits.rows());
            int[] rows = {3, 5, 7};
            for (int i = 0; i < rows.length; i++) {
                for (int v = 0; v < 50; v++) {
                    assertEquals(all[rows[i] * 50 + v], logits.get((i + 1) * 50L + v), 1e-5);
                }
            }
            for (int[] wrong : new int[][] {{3}, {-1}, {1, 1}, {2, 0}}) {
                assertThrows(IllegalArgumentException.class, () -> engine.add(other, SECOND, 0, 3, wrong));
            }
        }
    }

    @Test
    void refusesWhatHasNoLoss() {
        try (TrainingPass training = TrainingPass.of(engine, TrainingOptions.defaults())) {
            assertThrows(IllegalArgumentException.class, () -> training.loss("there is no tokenizer"));
            assertThrows(IllegalArgumentException.class, () -> training.loss(new TokenBatch()));
            assertThrows(IllegalArgumentException.class, () -> new TokenBatch().add(FIRST, new float[3]));
            assertThrows(IllegalArgumentException.class, () -> training.loss(batch(), p -> p.weights().sum()));
            assertThrows(IllegalStateException.class, () -> training.loss(batch(), Predictions::logProbs));
            assertThrows(IllegalArgumentException.class, () -> training.loss(new TokenBatch().add(new int[] {1, 50})));
        }
    }
}
