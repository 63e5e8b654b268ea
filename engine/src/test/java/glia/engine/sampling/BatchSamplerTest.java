package glia.engine.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchSamplerTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final int V = 500;
    private static final SamplingOptions NEUTRAL = SamplingOptions.neutral().withSeed(11);
    /// The options of `sampling/tokens.txt`, a line each.
    private static final List<SamplingOptions> OPTIONS = List.of(SamplingOptions.greedy(), NEUTRAL,
            NEUTRAL.withTemperature(0.7f), NEUTRAL.withTopK(7), NEUTRAL.withTopP(0.9f), NEUTRAL.withMinP(0.05f),
            SamplingOptions.defaults().withSeed(12),
            SamplingOptions.defaults().withSeed(13).withTopK(0).withTopP(0.99f),
            NEUTRAL.withRepetitionPenalty(1.3f),
            NEUTRAL.withPresencePenalty(1.5f).withFrequencyPenalty(0.7f).withPenaltyWindow(5),
            NEUTRAL.withFrequencyPenalty(-1),
            SamplingOptions.greedy().withRepetitionPenalty(1.2f).withPenaltyWindow(20)
                    .withLogitBias(Map.of(3, 5f, 10, Float.NEGATIVE_INFINITY)),
            NEUTRAL.withTopK(40).withTopP(0.8f).withMinP(0.1f).withLogitBias(Map.of(1, 3f)));

    private static float[] random(int n, long seed) {
        Random random = new Random(seed);
        float[] logits = new float[n];
        for (int i = 0; i < n; i++) {
            logits[i] = (float) random.nextGaussian() * 4;
        }
        return logits;
    }

    /// The logits of a step of the recorded texts: 12 columns of padding, ties, and a token that cannot come.
    private static float[] step(int i) {
        float[] logits = random(V + 12, 100 + i);
        for (int j = 0; i % 3 == 0 && j < 60; j++) {
            logits[j * 3] = logits[j * 3 + 1];
        }
        if (i % 5 == 4) {
            logits[i] = Float.NEGATIVE_INFINITY;
        }
        return logits;
    }

    private static List<List<Integer>> recorded() throws Exception {
        try (var file = BatchSamplerTest.class.getResourceAsStream("/sampling/tokens.txt")) {
            List<List<Integer>> lines = new ArrayList<>();
            for (String line : new String(file.readAllBytes()).split("\n")) {
                lines.add(List.of(line.split(" ")).stream().map(Integer::parseInt).toList());
            }
            return lines;
        }
    }

    /// The same tokens as when each text had a chain and scratch memory of its own, by one thread; whatever the number
    /// of threads and of other texts.
    @Test
    void eachTextHasTheTokensOfItsSeed() throws Exception {
        List<List<Integer>> recorded = recorded();
        for (int threads : new int[] {1, 2, 5}) {
            for (int copies : new int[] {1, 7}) {
                try (Workers workers = new Workers(threads)) {
                    List<List<Integer>> found = texts(workers, copies);
                    for (int i = 0; i < found.size(); i++) {
                        assertEquals(recorded.get(i % OPTIONS.size()), found.get(i), "text " + i + ", " + threads);
                    }
                }
            }
        }
    }

    private static List<List<Integer>> texts(Workers workers, int copies) {
        BatchSampler batch = new BatchSampler(new ScalarKernels(workers), V);
        List<Sampler> samplers = new ArrayList<>();
        List<List<Integer>> texts = new ArrayList<>();
        for (int i = 0; i < copies * OPTIONS.size(); i++) {
            Sampler sampler = new Sampler(OPTIONS.get(i % OPTIONS.size()), V);
            IntStream.range(0, 30).forEach(p -> sampler.accept(p * 7 % 50));
            samplers.add(sampler);
            texts.add(new ArrayList<>());
        }
        for (int step = 0; step < 24; step++) {
            Tensor logits = Tensor.of(ARENA, step(step), 1, V + 12);
            batch.clear();
            int logProbabilities = step % 3 - 1;
            samplers.forEach(sampler -> batch.add(sampler, 0, logProbabilities));
            batch.run(logits);
            for (int i = 0; i < samplers.size(); i++) {
                samplers.get(i).accept(batch.token(i));
                texts.get(i).add(batch.token(i));
            }
        }
        return texts;
    }

    @Test
    void logProbabilitiesAreTheModelsOwn() {
        float[] logits = random(2 * V, 5);
        Tensor rows = Tensor.of(ARENA, logits, 2, V);
        double sum = IntStream.range(V, 2 * V).mapToDouble(i -> Math.exp(logits[i])).sum();
        int best = IntStream.range(0, V).reduce(0, (a, b) -> logits[V + b] > logits[V + a] ? b : a);
        try (Workers workers = new Workers(2)) {
            BatchSampler batch = new BatchSampler(new ScalarKernels(workers), V);
            SamplingOptions changed = NEUTRAL.withTemperature(3).withTopK(50).withRepetitionPenalty(2)
                    .withLogitBias(Map.of(best, Float.NEGATIVE_INFINITY));
            batch.add(new Sampler(changed, V), 1, 3);
            batch.add(new Sampler(SamplingOptions.greedy(), V), 1, 0);
            batch.add((tensor, row) -> 17, 1, 1);
            batch.add(new Sampler(changed, V), 0, BatchSampler.NO_LOG_PROBABILITIES);
            batch.run(rows);
            for (int i = 0; i < 3; i++) {
                assertEquals(logits[V + batch.token(i)] - Math.log(sum), batch.logProbability(i), 1e-5);
            }
            assertEquals(best, batch.token(1));
            assertEquals(17, batch.token(2));
            assertTrue(Float.isNaN(batch.logProbability(3)));
            assertEquals(List.of(3, 0, 1, 0),
                    IntStream.range(0, 4).mapToObj(i -> batch.alternatives(i).size()).toList());
            List<Integer> order = IntStream.range(0, V).boxed().sorted((a, b) -> Float.compare(logits[V + b],
                    logits[V + a])).toList();
            for (int i = 0; i < 3; i++) {
                TokenLogProbability one = batch.alternatives(0).get(i);
                assertEquals(order.get(i), one.token());
                assertEquals(logits[V + one.token()] - Math.log(sum), one.logProbability(), 1e-5);
            }
        }
        assertArrayEquals(logits, rows.toArray());
    }

    /// A mask is a bias of negative infinity for all other tokens.
    @Test
    void aMaskLeavesWhatItAllows() {
        Random random = new Random(9);
        for (int i = 0; i < 300; i++) {
            BitSet allowed = new BitSet();
            for (int j = random.nextInt(1, 1 + (i % 3 == 0 ? 5 : V)); j >= 0; j--) {
                allowed.set(random.nextInt(V));
            }
            Map<Integer, Float> bias = new java.util.HashMap<>();
            IntStream.range(0, V).filter(t -> !allowed.get(t)).forEach(t -> bias.put(t, Float.NEGATIVE_INFINITY));
            SamplingOptions options = OPTIONS.get(i % OPTIONS.size());
            bias.putAll(options.logitBias());
            Sampler biased = new Sampler(options.withLogitBias(bias), V);
            List<Integer> received = new ArrayList<>();
            TokenMask mask = new TokenMask() {
                @Override
                public long[] allowed() {
                    return allowed.toLongArray();
                }

                @Override
                public void accept(int token) {
                    received.add(token);
                }
            };
            Sampler masked = new Sampler(options, V, mask);
            Tensor row = Tensor.of(ARENA, random(V, i), 1, V);
            int token = masked.sample(row, 0);
            assertTrue(allowed.get(token));
            assertEquals(List.of(token), received);
            if (options.logitBias().isEmpty()) {
                assertEquals(biased.sample(row, 0), token, options::toString);
            }
            assertEquals(new Sampler(options, V).sample(row, 0), new Sampler(options, V, () -> null).sample(row, 0));
        }
        Sampler beyond = new Sampler(NEUTRAL, 70, () -> new long[] {0, -1L << 5, -1});
        for (int i = 0; i < 20; i++) {
            assertEquals(69, beyond.sample(Tensor.of(ARENA, random(V, i), 1, V), 0));
        }
    }

    @Test
    void whatGoesWrongWithATextLeavesTheOthersAlone() {
        float[] logits = random(4 * V, 3);
        logits[V + 7] = Float.NaN;
        java.util.Arrays.fill(logits, 2 * V, 3 * V, Float.NEGATIVE_INFINITY);
        Tensor rows = Tensor.of(ARENA, logits, 4, V);
        Error own = new AssertionError("own");
        try (Workers workers = new Workers(3)) {
            for (SamplingOptions options : OPTIONS) {
                BatchSampler batch = new BatchSampler(new ScalarKernels(workers), V);
                for (int row = 0; row < 4; row++) {
                    batch.add(new Sampler(options, V), row, row % 2);
                }
                batch.add(new Sampler(options, V, () -> new long[8]), 0, 0);
                batch.add((tensor, row) -> V, 0, 0);
                batch.add((tensor, row) -> {
                    throw own;
                }, 0, 0);
                batch.run(rows);
                assertEquals(new Sampler(options, V).sample(rows, 0), batch.token(0));
                assertEquals(new Sampler(options, V).sample(rows, 3), batch.token(3));
                assertMessage("token 7 is not a number", batch, 1);
                assertMessage("-infinity", batch, 2);
                assertMessage("the token mask allows none of 500", batch, 4);
                assertMessage("token 500, which is outside", batch, 5);
                assertSame(own, assertThrows(AssertionError.class, () -> batch.token(6)));
                batch.clear();
                batch.add(new Sampler(options, V), 0, 0);
                batch.run(rows);
                assertEquals(new Sampler(options, V).sample(rows, 0), batch.token(0));
            }
        }
    }

    private static void assertMessage(String part, BatchSampler batch, int index) {
        String message = assertThrows(RuntimeException.class, () -> batch.token(index)).getMessage();
        assertTrue(message.contains(part), message);
    }

    /// A thousand texts with penalties over a large vocabulary hold less than a megabyte.
    @Test
    void aTextHoldsLittle() {
        SamplingOptions options = SamplingOptions.defaults().withRepetitionPenalty(1.1f).withSeed(1);
        int vocabSize = 128_000;
        Sampler[] samplers = new Sampler[1000];
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < samplers.length; i++) {
            samplers[i] = new Sampler(options, vocabSize);
        }
        long perText = (threads.getCurrentThreadAllocatedBytes() - before) / samplers.length;
        assertTrue(perText < 1000, perText + " bytes a text");
        for (int i = 0; i < 64; i++) {
            samplers[0].accept(i * 1999);
        }
        assertTrue(threads.getCurrentThreadAllocatedBytes() - before < samplers.length * 1000L + 10_000);
    }

    @Test
    void nothingIsAllocatedForABatch() {
        Tensor rows = Tensor.of(ARENA, random(4 * V, 3), 4, V);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Workers workers = new Workers(2)) {
            BatchSampler batch = new BatchSampler(new ScalarKernels(workers), V);
            Sampler[] samplers = IntStream.range(0, 4).mapToObj(i -> new Sampler(NEUTRAL, V)).toArray(Sampler[]::new);
            long bytes = Long.MAX_VALUE;
            for (int round = 0; round < 8; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 100; i++) {
                    batch.clear();
                    for (int row = 0; row < 4; row++) {
                        batch.add(samplers[row], row, 0);
                    }
                    batch.run(rows);
                }
                bytes = Math.min(bytes, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertTrue(bytes / 100 < 16, bytes / 100 + " bytes a batch");
        }
    }

    /// The table of recent tokens against a plain count.
    @Test
    void penaltiesCountAsATableOfAllTokensDoes() {
        Random random = new Random(2);
        for (int round = 0; round < 200; round++) {
            int window = 1 + random.nextInt(90);
            SamplingOptions options = NEUTRAL.withFrequencyPenalty(1).withPenaltyWindow(window);
            Penalties penalties = new Penalties(options);
            List<Integer> tokens = new ArrayList<>();
            int range = 1 + random.nextInt(V);
            for (int i = random.nextInt(400); i >= 0; i--) {
                int token = random.nextInt(range);
                penalties.accept(token);
                tokens.add(token);
            }
            Candidates candidates = new Candidates(V);
            penalties.apply(candidates);
            List<Integer> recent = tokens.subList(Math.max(0, tokens.size() - window), tokens.size());
            for (int t = 0; t < V; t++) {
                int token = t;
                assertEquals(-recent.stream().filter(each -> each == token).count(), candidates.logit(t));
            }
        }
    }
}
