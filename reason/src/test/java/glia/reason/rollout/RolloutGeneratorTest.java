package glia.reason.rollout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.block.Input;
import glia.model.fresh.NewModels;
import glia.reason.rollout.Rollout.Finish;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.train.optim.AdamW;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RolloutGeneratorTest {
    private static final long STATE_BYTES = 1L << 28;

    private static Workers workers;
    private static Kernels kernels;

    @BeforeAll
    static void open() {
        workers = new Workers(2);
        kernels = KernelBackends.choose("best", workers).kernels();
    }

    @AfterAll
    static void close() {
        workers.close();
    }

    private static Model model(String family, int seed) throws Exception {
        Map<String, Object> sizes = Map.of("hidden", 64, "layers", family.endsWith("next") ? 4 : 2);
        return FreshModel.create(NewModels.config(family, sizes).with("vocab_size", 53), seed);
    }

    private static RolloutOptions options(double temperature, int maxTokens) {
        return new RolloutOptions(temperature, maxTokens, 256, 53, id -> id < 3);
    }

    private static List<int[]> prompts() {
        List<int[]> prompts = new ArrayList<>();
        for (int p = 0; p < 5; p++) {
            int[] ids = new int[1 + 13 * p];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = 3 + (i * 7 + p * 5) % 50;
            }
            prompts.add(ids);
        }
        return prompts;
    }

    private static List<Input> inputs(int count) {
        return prompts().subList(0, count).stream().map(Input::of).toList();
    }

    /// The largest difference from the log-probabilities of training.
    private static double difference(Model model, List<Rollout> rollouts, double temperature, Precision precision) {
        double[] worst = new double[1];
        TrainingOptions options = TrainingOptions.defaults().with(precision);
        try (TrainingPass pass = TrainingPass.of(model, kernels, options)) {
            TokenBatch batch = new TokenBatch();
            List<Float> sampled = new ArrayList<>();
            for (Rollout r : rollouts) {
                batch.add(r.sequence(), r.mask());
                for (int i = 0; i < r.tokens().length; i++) {
                    if (r.isSampled()[i]) {
                        sampled.add(r.logProbs()[i]);
                    }
                }
            }
            pass.evaluate(batch, p -> {
                var logProbs = p.tokens(temperature, false, 0).logProbs();
                assertEquals(sampled.size(), logProbs.tensor().rows());
                for (int i = 0; i < sampled.size(); i++) {
                    worst[0] = Math.max(worst[0], Math.abs(sampled.get(i) - logProbs.tensor().get(i)));
                }
                return logProbs.mean();
            });
        }
        return worst[0];
    }

    @ParameterizedTest
    @CsvSource({"llama, 1", "llama, 0.7", "qwen3, 1.3", "qwen3_moe, 1", "mixtral, 0.5", "qwen3_next, 1", "gpt2, 1",
        "mamba2, 1", "gemma2, 0.9"})
    void logProbabilitiesAreThoseOfTraining(String family, double temperature) throws Exception {
        try (Model model = model(family, 1); Engine engine = new Engine(model, kernels, Precision.EXACT, STATE_BYTES)) {
            List<Rollout> rollouts = new RolloutGenerator(engine, options(temperature, 40)).generate(prompts(), 3, 5);
            assertEquals(15, rollouts.size());
            assertTrue(rollouts.stream().anyMatch(r -> r.finish() == Finish.STOP), "some end by themselves");
            double exact = difference(model, rollouts, temperature, Precision.EXACT);
            assertTrue(exact < 1e-4, family + ": " + exact);
            double half = difference(model, rollouts, temperature, Precision.HALF);
            assertTrue(half > 0 && half < 0.2, family + " in BF16: " + half);
            assertEquals(0, engine.stateBytes(), "all states are freed");
        }
    }

    @ParameterizedTest
    @CsvSource({"llama", "qwen3_moe", "qwen3_next"})
    void rolloutsDoNotDependOnTheBatchOnBatchInvariantKernels(String family) throws Exception {
        try (Model model = model(family, 2); Engine engine = new Engine(model, kernels.batchInvariant(),
                Precision.EXACT, STATE_BYTES)) {
            List<Rollout> all = new RolloutGenerator(engine, options(1, 30)).generate(prompts(), 4, 9);
            List<Rollout> few = new RolloutGenerator(engine, options(1, 30).withMaxSequences(3).withPassTokens(7))
                    .generate(prompts(), 4, 9);
            for (int i = 0; i < all.size(); i++) {
                assertArrayEquals(all.get(i).tokens(), few.get(i).tokens(), family + " rollout " + i);
                assertArrayEquals(all.get(i).logProbs(), few.get(i).logProbs());
            }
            List<Rollout> other = new RolloutGenerator(engine, options(1, 30)).generate(prompts(), 4, 10);
            assertFalse(Arrays.equals(all.getLast().tokens(), other.getLast().tokens()), "another seed");
        }
    }

    @Test
    void rolloutsSeeEachUpdateOfTheWeights() throws Exception {
        try (Model model = model("llama", 3); Engine engine = new Engine(model, kernels, Precision.EXACT, STATE_BYTES);
                TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
                Optimizer optimizer = new Optimizer(kernels,
                        ParameterGroups.of(model, (Weight w) -> true, new AdamW(0.9, 0.95, 1e-8, false), 0))) {
            RolloutGenerator generator = new RolloutGenerator(engine, options(1, 40));
            List<Rollout> before = generator.generate(prompts(), 2, 1);
            for (int step = 0; step < 2; step++) {
                pass.zeroGradients();
                pass.loss(new TokenBatch().add(prompts().get(4)));
                optimizer.step(pass.weightGradients(), 0.01, 1);
                List<Rollout> after = generator.generate(prompts(), 2, 1);
                assertFalse(Arrays.equals(before.getFirst().logProbs(), after.getFirst().logProbs()));
                double worst = difference(model, after, 1, Precision.EXACT);
                assertTrue(worst < 1e-4, "after update " + step + ": " + worst);
            }
        }
    }

    @Test
    void observationsAreNotSampledAndTheModelGoesOnAfterThem() throws Exception {
        try (Model model = model("llama", 4);
                Engine engine = new Engine(model, kernels, Precision.EXACT, STATE_BYTES)) {
            int[] observation = {7, 8, 9};
            List<Rollout> rollouts = new RolloutGenerator(engine, options(1, 60)).generate(inputs(5), 3, 2,
                    (index, tokens) -> tokens.length < 40 && index % 3 != 0 ? Optional.of(observation)
                            : Optional.empty());
            boolean observed = false;
            for (int r = 0; r < rollouts.size(); r++) {
                Rollout rollout = rollouts.get(r);
                for (int i = 0; i < rollout.tokens().length; i++) {
                    if (!rollout.isSampled()[i]) {
                        observed = true;
                        assertTrue(r % 3 != 0 && rollout.tokens()[i] >= 7 && rollout.tokens()[i] <= 9);
                        assertEquals(0, rollout.logProbs()[i]);
                    }
                }
                assertTrue(rollout.numSampled() <= 60);
            }
            assertTrue(observed);
            double worst = difference(model, rollouts, 1, Precision.EXACT);
            assertTrue(worst < 1e-4, Double.toString(worst));
        }
    }

    /// The first rollout's tool ends only when all others have ended.
    @Test
    void aToolThatRunsLetsTheOtherRolloutsGoOn() throws Exception {
        try (Model model = model("llama", 4);
                Engine engine = new Engine(model, kernels, Precision.EXACT, STATE_BYTES)) {
            CountDownLatch others = new CountDownLatch(5);
            AtomicInteger first = new AtomicInteger(-1);
            List<Rollout> rollouts = new RolloutGenerator(engine, new RolloutOptions(1, 400, 500, 53, id -> id < 20)
                    .withMaxSequences(6)).generate(inputs(3), 2, 2, (index, tokens) -> {
                        if (first.compareAndSet(-1, index)) {
                            assertDoesNotThrow(() -> assertTrue(others.await(60, TimeUnit.SECONDS)));
                            return Optional.of(new int[] {7});
                        }
                        if (index != first.get()) {
                            others.countDown();
                        }
                        return Optional.empty();
                    });
            assertTrue(rollouts.get(first.get()).numSampled() < rollouts.get(first.get()).tokens().length);
        }
    }

    @Test
    void aTurnThatFailsIsTheFailureOfTheBatch() throws Exception {
        try (Model model = model("llama", 4);
                Engine engine = new Engine(model, kernels, Precision.EXACT, STATE_BYTES)) {
            RolloutGenerator generator = new RolloutGenerator(engine, options(1, 60));
            assertThrows(UnsupportedOperationException.class, () -> generator.generate(inputs(5), 3, 2,
                    (index, tokens) -> {
                        throw new UnsupportedOperationException();
                    }));
            assertThrows(IllegalArgumentException.class, () -> generator.generate(List.of(new int[] {1},
                    new int[] {99_999}), 3, 2));
            assertEquals(0, engine.stateBytes(), "all states are freed");
            assertEquals(15, generator.generate(prompts(), 3, 2).size());
        }
    }

    @Test
    void limitsEndRollouts() throws Exception {
        try (Model model = model("llama", 5);
                Engine engine = new Engine(model, kernels, Precision.EXACT, STATE_BYTES)) {
            RolloutOptions endless = new RolloutOptions(1, 20, 60, 53, id -> false);
            List<Rollout> rollouts = new RolloutGenerator(engine, endless).generate(prompts(), 2, 3);
            assertEquals(Finish.LENGTH, rollouts.getFirst().finish());
            assertEquals(20, rollouts.getFirst().tokens().length);
            assertEquals(Finish.CONTEXT, rollouts.getLast().finish());
            assertEquals(60, rollouts.getLast().sequence().length);
            List<int[]> tooLong = List.of(new int[60]);
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                    () -> new RolloutGenerator(engine, endless).generate(tooLong, 2, 3));
            assertTrue(e.getMessage().contains("prompt 0 has 60 tokens, expected 1 to 59"), e.getMessage());
        }
    }

    /// Groups wait for memory, and a group that does not fit at once is split.
    @Test
    void littleMemoryGivesTheSameRollouts() throws Exception {
        try (Model model = model("llama", 6)) {
            List<List<Rollout>> results = new ArrayList<>();
            for (long bytes : new long[] {STATE_BYTES, 400_000}) {
                try (Engine engine = new Engine(model, kernels.batchInvariant(), Precision.EXACT, bytes)) {
                    results.add(new RolloutGenerator(engine, options(1, 60)).generate(prompts(), 8, 4));
                }
            }
            for (int i = 0; i < results.getFirst().size(); i++) {
                assertArrayEquals(results.get(0).get(i).tokens(), results.get(1).get(i).tokens());
            }
        }
    }

    @Test
    void greedyRolloutsOfAGroupAreEqual() throws Exception {
        try (Model model = model("llama", 7);
                Engine engine = new Engine(model, kernels, Precision.EXACT, STATE_BYTES)) {
            List<Rollout> rollouts = new RolloutGenerator(engine, options(0, 20)).generate(prompts(), 2, 4);
            for (int i = 0; i < rollouts.size(); i += 2) {
                assertArrayEquals(rollouts.get(i).tokens(), rollouts.get(i + 1).tokens());
            }
            assertTrue(difference(model, rollouts, 1, Precision.EXACT) < 1e-4);
        }
    }
}
