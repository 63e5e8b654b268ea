package glia.engine.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.KernelNames;
import glia.engine.sampling.SamplingOptions;
import glia.engine.state.Sequence;
import glia.model.block.Pass.Outputs;
import glia.tensor.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Texts that are computed together are what each would be alone.
class ContinuousBatchingTest {
    /// Room for a few of the texts that want it.
    private static final long TIGHT_BYTES = 384 << 10;

    private record Wanted(int[] prompt, SamplingOptions options, int count, Generation generation) { }

    /// Requests that the scheduler gets at once.
    private static List<Wanted> submit(Harness h, Random random, int count, int longestPrompt, int longestText) {
        List<Wanted> all = new ArrayList<>();
        h.scheduler().betweenSteps(() -> {
            for (int i = 0; i < count; i++) {
                all.add(submit(h, random, longestPrompt, longestText));
            }
        });
        return all;
    }

    private static Wanted submit(Harness h, Random random, int longestPrompt, int longestText) {
        int[] prompt = h.prompt(random, 1 + random.nextInt(longestPrompt));
        SamplingOptions options = random.nextBoolean() ? SamplingOptions.greedy()
                : SamplingOptions.neutral().withSeed(random.nextLong()).withRepetitionPenalty(1.1f);
        int count = random.nextInt(longestText * 3 / 4, longestText + 1);
        GenerationRequest request = h.request(prompt).sampling(options).maxTokens(count)
                .priority(random.nextInt(-2, 3)).fairnessKey("client " + random.nextInt(3)).build();
        return new Wanted(prompt, options, count, h.scheduler().submit(request));
    }

    private static long check(Harness h, List<Wanted> all) {
        long preemptions = 0;
        for (Wanted w : all) {
            Completion text = w.generation.await().getFirst();
            preemptions += text.preemptions();
            assertArrayEquals(h.alone(w.prompt, w.options, w.count), text.tokens(),
                    () -> "a prompt of " + w.prompt.length + ", " + text);
            assertEquals(SequenceState.FINISHED, w.generation.state(0));
        }
        assertEquals(0, h.engine().stateBytes());
        return preemptions;
    }

    /// Full, sliding, shared, latent and chunked attention, recurrences, and mixtures of these; an encoder-decoder.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3_text", "gemma4_shared", "deepseek_v3", "llama4_text", "mamba2", "jamba",
        "qwen3_next", "minimax", "t5"})
    void textsAreTheSameTogetherAndAlone(String family) {
        Random random = new Random(11);
        try (Harness h = new Harness("/golden/" + family)) {
            h.open(1L << 30, new SchedulerOptions(40, 8, 100), false);
            List<Wanted> all = submit(h, random, 16, Math.min(90, h.context() - 30), 20);
            check(h, all);
        }
    }

    /// Memory for one to four of the longest texts: most are preempted, some more than once.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3_text", "deepseek_v3", "qwen3_next", "t5"})
    void textsAreTheSameWithTooLittleMemory(String family) {
        Random random = new Random(12);
        try (Harness h = new Harness("/golden/" + family)) {
            h.open(TIGHT_BYTES, new SchedulerOptions(64, 12, 100), false);
            List<Wanted> all = submit(h, random, 16, 60, Math.min(190, h.context() - 60));
            long preemptions = check(h, all);
            assertEquals(h.scheduler().load().numPreemptions(), preemptions);
            assertTrue(preemptions > 0, "memory sufficed");
        }
    }

    static Stream<Arguments> fastKernels() {
        return KernelNames.here().stream().flatMap(kernels -> Stream.of("llama", "gemma3_text", "deepseek_v3")
                .map(family -> Arguments.of(kernels, family)));
    }

    /// In the batch-invariant mode log-probabilities have the same bits, whatever happens to a text.
    @ParameterizedTest
    @MethodSource("fastKernels")
    void bitsAreTheSameWithEveryKernelSet(String kernels, String family) {
        Random random = new Random(17);
        try (Harness h = new Harness("/golden/" + family, kernels, Precision.FAST)) {
            List<int[]> prompts = new ArrayList<>();
            List<Completion> alone = new ArrayList<>();
            h.open(1L << 30, new SchedulerOptions(512, 1, 100).withoutPrefixCache(), false);
            for (int i = 0; i < 10; i++) {
                prompts.add(h.prompt(random, 1 + random.nextInt(60)));
                alone.add(h.scheduler().submit(sampled(h, prompts.get(i), i)).await().getFirst());
                assertArrayEquals(h.alone(prompts.get(i), SamplingOptions.neutral().withSeed(i), 190),
                        alone.get(i).tokens());
            }
            h.open(TIGHT_BYTES, new SchedulerOptions(48, 12, 100), false);
            List<Generation> together = new ArrayList<>();
            h.scheduler().betweenSteps(() -> {
                for (int i = 0; i < 10; i++) {
                    together.add(h.scheduler().submit(sampled(h, prompts.get(i), i)));
                }
            });
            for (int i = 0; i < 10; i++) {
                Completion text = together.get(i).await().getFirst();
                assertArrayEquals(alone.get(i).tokens(), text.tokens());
                assertArrayEquals(alone.get(i).logProbabilities(), text.logProbabilities());
            }
            // A window that slides needs little more than a text had when it was let in.
            assertTrue(family.equals("gemma3_text") || h.scheduler().load().numPreemptions() > 0, "memory sufficed");
        }
    }

    private static GenerationRequest sampled(Harness h, int[] prompt, int seed) {
        return h.request(prompt).sampling(SamplingOptions.neutral().withSeed(seed)).maxTokens(190).logProbabilities(0)
                .build();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void draftedTextsAreTheSameTogether(boolean isTight) {
        Random random = new Random(13);
        try (Harness h = new Harness("/drafts/deepseek_v3")) {
            h.open(isTight ? TIGHT_BYTES : 1L << 30, new SchedulerOptions(64, 16, 100), true);
            List<Wanted> all = submit(h, random, 16, 60, 180);
            assertEquals(isTight, check(h, all) > 0);
            int accepted = 0;
            for (Wanted w : all) {
                accepted += w.generation.completions().getFirst().acceptedTokens();
            }
            assertTrue(accepted > 0, "no guess was right");
        }
    }

    @Test
    void samplesShareThePromptAndGoTheirOwnWays() {
        Random random = new Random(14);
        for (String family : List.of("llama", "qwen3_next", "t5")) {
            try (Harness h = new Harness("/golden/" + family)) {
                // Five places for eight samples: three wait for one.
                Scheduler scheduler = h.open(1L << 30, new SchedulerOptions(64, 5, 100), false);
                int[] prompt = h.prompt(random, 70);
                SamplingOptions options = SamplingOptions.neutral().withSeed(3);
                List<Completion> texts = scheduler.submit(h.request(prompt).sampling(options).maxTokens(12)
                        .numSamples(8).build()).await();
                assertEquals(8, texts.size());
                assertArrayEquals(h.alone(prompt, options, 12), texts.getFirst().tokens());
                assertEquals(8, texts.stream().map(t -> List.of(t.tokens()[0], t.tokens()[1], t.tokens()[5],
                        t.tokens()[9])).distinct().count());
                // The other samples differ by their seeds alone: each is the same again, and alone.
                List<Completion> again = scheduler.submit(h.request(prompt).sampling(options).maxTokens(12)
                        .numSamples(3).build()).await();
                for (int i = 0; i < 3; i++) {
                    assertArrayEquals(texts.get(i).tokens(), again.get(i).tokens());
                }
                assertEquals(0, h.engine().stateBytes());
            }
        }
    }

    @Test
    void logProbabilitiesAreThoseOfTheModel() {
        try (Harness h = new Harness("/golden/llama")) {
            int[] prompt = {1, 5, 9, 2};
            Completion text = h.open().submit(h.request(prompt).sampling(SamplingOptions.neutral().withSeed(1))
                    .maxTokens(6).logProbabilities(0).build()).await().getFirst();
            for (int i = 0; i < 6; i++) {
                int[] known = new int[prompt.length + i];
                System.arraycopy(prompt, 0, known, 0, prompt.length);
                System.arraycopy(text.tokens(), 0, known, prompt.length, i);
                Sequence sequence = h.engine().open();
                h.engine().add(sequence, known, 0, known.length, Outputs.LAST);
                float[] logits = h.engine().run().toArray();
                sequence.close();
                double sum = 0;
                for (float logit : logits) {
                    sum += Math.exp(logit);
                }
                assertEquals(logits[text.tokens()[i]] - Math.log(sum), text.logProbabilities()[i], 1e-4);
            }
        }
    }

    @Test
    void textsEndForTheRightReason() {
        try (Harness h = new Harness("/golden/llama")) {
            Scheduler scheduler = h.open();
            int[] prompt = {1, 5, 9, 2};
            int[] text = h.alone(prompt, SamplingOptions.greedy(), 30);
            int stop = text[7];
            int first = 0;
            while (text[first] != stop) {
                first++;
            }
            Completion stopped = scheduler.submit(h.request(prompt).sampling(SamplingOptions.greedy()).maxTokens(30)
                    .stopTokens(Set.of(stop)).build()).await().getFirst();
            assertEquals(Finish.STOP, stopped.finish());
            assertEquals(first + 1, stopped.tokens().length);
            Completion full = scheduler.submit(h.request(prompt).sampling(SamplingOptions.greedy()).build()).await()
                    .getFirst();
            assertEquals(Finish.CONTEXT, full.finish());
            assertEquals(h.context() - prompt.length, full.tokens().length);
        }
    }

    /// Texts begin with what others have left of the same tokens, and are the same as without.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3_text", "deepseek_v3", "qwen3_next"})
    void prefixesAreComputedOnce(String family) {
        try (Harness h = new Harness("/golden/" + family)) {
            Scheduler scheduler = h.open();
            int[] prompt = h.prompt(new Random(15), 150);
            int[] longer = Arrays.copyOf(prompt, 190);
            SamplingOptions options = SamplingOptions.neutral().withSeed(9);
            Completion first = scheduler.submit(h.request(prompt).sampling(options).maxTokens(5).build()).await()
                    .getFirst();
            assertEquals(0, first.reusedTokens());
            System.arraycopy(first.tokens(), 0, longer, 150, 5);
            Completion second = scheduler.submit(h.request(longer).sampling(options).maxTokens(5).build()).await()
                    .getFirst();
            assertEquals(154, second.reusedTokens());
            assertArrayEquals(h.alone(longer, options, 5), second.tokens());
            assertEquals(0, scheduler.submit(h.request(longer).sampling(options).maxTokens(1).cacheKey("another")
                    .build()).await().getFirst().reusedTokens());
            scheduler.betweenSteps(() -> { });
            assertEquals(0, scheduler.submit(h.request(longer).sampling(options).maxTokens(1).build()).await()
                    .getFirst().reusedTokens());
            assertEquals(0, h.engine().stateBytes());
            assertEquals(0, h.open(1L << 30, SchedulerOptions.defaults().withoutPrefixCache(), false)
                    .submit(h.request(prompt).maxTokens(1).numSamples(2).build()).await().getFirst().reusedTokens());
            assertEquals(0, h.scheduler().submit(h.request(prompt).maxTokens(1).build()).await().getFirst()
                    .reusedTokens());
        }
    }

    /// What was computed with other weights is not reused, though its text ended later.
    @Test
    void textsThatRanWhileWeightsChangedLeaveNothing() {
        try (Harness h = new Harness("/golden/llama")) {
            Scheduler scheduler = h.open();
            int[] prompt = h.prompt(new Random(16), 100);
            try (Session session = scheduler.session()) {
                CountDownLatch[] begun = {new CountDownLatch(1), new CountDownLatch(1)};
                TokenListener[] listeners = Stream.of(begun).<TokenListener>map(latch -> (sample, token, log) -> {
                    latch.countDown();
                    return true;
                }).toArray(TokenListener[]::new);
                Generation a = scheduler.submit(h.request(prompt).listener(listeners[0]).build());
                Generation b = scheduler.submit(h.request(prompt).listener(listeners[1]).session(session).build());
                begun[0].await();
                begun[1].await();
                scheduler.betweenSteps(() -> { });
                a.await();
                b.await();
                assertEquals(0, scheduler.submit(h.request(prompt).maxTokens(1).build()).await().getFirst()
                        .reusedTokens());
                assertEquals(0, session.length());
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
