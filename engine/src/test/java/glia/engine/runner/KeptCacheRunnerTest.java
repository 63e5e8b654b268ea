package glia.engine.runner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.draft.Drafting;
import glia.engine.load.LoadOptions;
import glia.engine.pass.Engine;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Generation;
import glia.engine.schedule.GenerationRequest;
import glia.engine.schedule.ModelRunner;
import glia.engine.schedule.Scheduler;
import glia.engine.schedule.SchedulerOptions;
import glia.engine.schedule.Session;
import glia.engine.state.BlockPool;
import glia.engine.state.CachePolicy;
import glia.engine.state.CachePolicy.Scored;
import glia.engine.state.CachePolicy.Streaming;
import glia.engine.state.Sequence;
import glia.kernels.KernelBackends;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.tensor.Precision;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Workers;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Sequences that keep a part of their KV cache.
class KeptCacheRunnerTest {
    private static final int CONTEXT = 96;
    private static final Streaming STREAMING = new Streaming(4, 76);
    private static final int[] TEXT = new Random(5).ints(300, 0, TinyConfig.VOCABULARY).toArray();

    private final Workers workers = new Workers(1);

    private static TinyModel tiny(int layers) {
        return new TinyModel(new TinyConfig("llama", layers, 4, 2, 32, 0).json(), 7);
    }

    private Engine engine(TinyModel tiny, KeyValueType type) {
        return engine(tiny, type, 1 << 24);
    }

    private Engine engine(TinyModel tiny, KeyValueType type, int bytes) {
        return new Engine(tiny.model(), KernelBackends.choose("scalar", workers).kernels().batchInvariant(),
                Precision.EXACT, new BlockPool(bytes), CONTEXT, type);
    }

    private static Scheduler scheduler(Engine engine, CachePolicy policy, SchedulerOptions options) {
        ModelRunner runner = policy == null ? Runners.plain(engine) : Runners.of(engine, policy, CONTEXT);
        return new Scheduler(runner, options, TinyConfig.VOCABULARY,
                policy == null ? CONTEXT : policy.mostTokens(CONTEXT));
    }

    private static GenerationRequest.Builder request(int[] prompt, int most) {
        return GenerationRequest.of(prompt).sampling(SamplingOptions.greedy()).maxTokens(most);
    }

    private static int[] generate(Scheduler scheduler, int[] prompt, int most) {
        return scheduler.submit(request(prompt, most).build()).await().getFirst().orThrow().tokens();
    }

    private static int[] text(int length) {
        return Arrays.copyOf(TEXT, length);
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "BF16", "INT8"})
    void aTextThatFitsIsTheSame(KeyValueType type) {
        try (TinyModel tiny = tiny(2); Engine engine = engine(tiny, type); Engine other = engine(tiny, type);
                Scheduler plain = scheduler(engine, null, SchedulerOptions.defaults());
                Scheduler streaming = scheduler(other, STREAMING, SchedulerOptions.defaults())) {
            GenerationRequest request = request(text(30), 50).logProbabilities(0).build();
            Completion expected = plain.submit(request).await().getFirst().orThrow();
            Completion found = streaming.submit(request).await().getFirst().orThrow();
            assertArrayEquals(expected.tokens(), found.tokens());
            assertArrayEquals(expected.logProbabilities(), found.logProbabilities());
        }
    }

    /// Keys of the first layer depend on their tokens alone, so each token is that of the sinks and the recent tokens.
    @Test
    void aTextGoesOnPastTheContextInBoundedMemory() {
        int most = 280;
        int[] prompt = text(20);
        try (TinyModel tiny = tiny(1); Engine engine = engine(tiny, KeyValueType.F32);
                Engine again = engine(tiny, KeyValueType.F32);
                Scheduler scheduler = scheduler(engine, STREAMING, SchedulerOptions.defaults())) {
            long[] used = {0};
            int[] tokens = scheduler.submit(request(prompt, most).listener((_, _, _) -> {
                used[0] = Math.max(used[0], engine.stateBytes());
                return true;
            }).build()).await().getFirst().orThrow().tokens();
            assertEquals(most, tokens.length);
            try (Sequence full = again.open()) {
                assertTrue(used[0] <= full.bytesToAppend(STREAMING.most()), used[0] + " bytes");
            }
            int[] all = IntStream.concat(Arrays.stream(prompt), Arrays.stream(tokens)).toArray();
            int held = 0;
            for (int at = 0; at < all.length; at++) {
                if (at >= 100 && at % 23 == 0) {
                    int recent = held - STREAMING.sinks();
                    int[] seen = IntStream.concat(Arrays.stream(all, 0, STREAMING.sinks()),
                            Arrays.stream(all, at - recent, at)).toArray();
                    try (Sequence sequence = again.open()) {
                        float[] logits = again.prefill(sequence, seen, 0, seen.length, () -> false).toArray();
                        assertEquals(IntStream.range(0, logits.length).reduce((a, b) -> logits[b] > logits[a] ? b : a)
                                .orElseThrow(), all[at], "token " + at + " after " + held + " positions");
                    }
                }
                held = held == STREAMING.most() ? held - STREAMING.dropped() + 1 : held + 1;
            }
        }
    }

    @Test
    void resultsDependNeitherOnChunksNorOnOthers() {
        try (TinyModel tiny = tiny(2); Engine engine = engine(tiny, KeyValueType.F32);
                Engine other = engine(tiny, KeyValueType.F32);
                Scheduler scheduler = scheduler(engine, STREAMING, SchedulerOptions.defaults());
                Scheduler small = scheduler(other, STREAMING, new SchedulerOptions(17, 8, 64).withoutPrefixCache())) {
            int[] expected = generate(scheduler, text(230), 60);
            assertArrayEquals(expected, generate(scheduler, text(230), 60));
            List<Completion> samples = small.submit(request(text(230), 60).numSamples(3).build()).await();
            for (Completion sample : samples) {
                assertArrayEquals(expected, sample.orThrow().tokens());
            }
            int[] whole = IntStream.concat(Arrays.stream(text(230)), Arrays.stream(expected, 0, 20)).toArray();
            assertArrayEquals(Arrays.copyOfRange(expected, 20, 60), generate(small, whole, 40));
        }
    }

    /// There is no room for the copy that a sequence needs to drop positions: one is preempted and computed again.
    @Test
    void preemptedSequencesGoOnAsTheyWere() {
        try (TinyModel tiny = tiny(2); Engine engine = engine(tiny, KeyValueType.F32);
                Sequence sequence = engine.open();
                Engine small = engine(tiny, KeyValueType.F32, (int) (2 * sequence.bytesToAppend(128)));
                Scheduler scheduler = scheduler(engine, STREAMING, SchedulerOptions.defaults());
                Scheduler scarce = scheduler(small, STREAMING, SchedulerOptions.defaults().withoutPrefixCache())) {
            int[] expected = generate(scheduler, text(10), 90);
            GenerationRequest request = request(text(10), 90).build();
            List<Generation> both = scarce.whilePaused(() -> List.of(scarce.submit(request), scarce.submit(request)));
            int preemptions = 0;
            for (Generation one : both) {
                Completion found = one.await().getFirst().orThrow();
                assertArrayEquals(expected, found.tokens());
                preemptions += found.preemptions();
            }
            assertTrue(preemptions > 0);
        }
    }

    @Test
    void conversationsGoOnOrBeginAnew() {
        try (TinyModel tiny = tiny(2); Engine engine = engine(tiny, KeyValueType.F32);
                Scheduler scheduler = scheduler(engine, STREAMING, SchedulerOptions.defaults());
                Session session = scheduler.session()) {
            int[][] prompts = {text(90), text(170), text(165), text(40), text(200)};
            prompts[2][163] = (prompts[2][163] + 1) % TinyConfig.VOCABULARY;
            boolean[] reuses = {false, true, true, false, true};
            for (int i = 0; i < prompts.length; i++) {
                Completion found = scheduler.submit(request(prompts[i], 5).session(session).build()).await()
                        .getFirst().orThrow();
                assertArrayEquals(generate(scheduler, prompts[i], 5), found.tokens(), "prompt " + i);
                assertEquals(reuses[i], found.reusedTokens() > 0, "prompt " + i + ": " + found.reusedTokens());
            }
        }
    }

    /// The first token is that of full attention; results depend neither on chunks, the prefix cache nor on others.
    @ParameterizedTest
    @EnumSource
    void promptsKeepWhatScoresHighest(Scored.Method method) {
        Scored policy = new Scored(method, 64);
        try (TinyModel tiny = tiny(2); Engine engine = engine(tiny, KeyValueType.F32);
                Engine other = engine(tiny, KeyValueType.F32); Engine bounded = engine(tiny, KeyValueType.F32);
                Scheduler plain = scheduler(engine, null, SchedulerOptions.defaults());
                Scheduler scored = scheduler(other, policy, SchedulerOptions.defaults());
                Scheduler small = scheduler(bounded, policy, new SchedulerOptions(17, 8, 64).withoutPrefixCache())) {
            assertArrayEquals(generate(plain, text(60), 30), generate(scored, text(60), 30), "a prompt that fits");
            GenerationRequest request = request(text(80), 16).logProbabilities(0).build();
            Completion full = plain.submit(request).await().getFirst().orThrow();
            Completion kept = scored.submit(request).await().getFirst().orThrow();
            assertEquals(full.logProbabilities()[0], kept.logProbabilities()[0], "the prompt is read with all");
            assertFalse(Arrays.equals(full.logProbabilities(), kept.logProbabilities()));
            for (Scheduler again : List.of(scored, small)) {
                for (Completion sample : again.submit(request(text(80), 16).logProbabilities(0).numSamples(2).build())
                        .await()) {
                    assertArrayEquals(kept.logProbabilities(), sample.orThrow().logProbabilities());
                }
            }
        }
    }

    /// A conversation goes on from what was kept; one that changes is read again.
    @Test
    void conversationsGoOnFromWhatWasKept() {
        try (TinyModel tiny = tiny(2); Engine engine = engine(tiny, KeyValueType.F32);
                Scheduler scheduler = scheduler(engine, new Scored(Scored.Method.SNAPKV, 64),
                        SchedulerOptions.defaults().withoutPrefixCache());
                Session session = scheduler.session()) {
            int[] first = scheduler.submit(request(text(75), 5).session(session).build()).await().getFirst().orThrow()
                    .tokens();
            int[] next = IntStream.concat(IntStream.concat(Arrays.stream(text(75)), Arrays.stream(first)),
                    Arrays.stream(TEXT, 200, 206)).toArray();
            assertTrue(scheduler.submit(request(next, 5).session(session).build()).await().getFirst().orThrow()
                    .reusedTokens() > 70);
            next[10] = (next[10] + 1) % TinyConfig.VOCABULARY;
            Completion again = scheduler.submit(request(next, 5).session(session).build()).await().getFirst().orThrow();
            assertEquals(0, again.reusedTokens());
            assertArrayEquals(generate(scheduler, next, 5), again.tokens());
        }
    }

    @ParameterizedTest
    @CsvSource({"mistral, 16, sliding window", "gpt2, 0, positions", "mamba, 0, 'layer 0 is no attention'"})
    void otherModelsAreRefused(String family, int window, String why) {
        String json = family.equals("mamba") ? """
                {"model_type": "mamba", "vocab_size": 37, "hidden_size": 16, "intermediate_size": 32,
                "num_hidden_layers": 1, "state_size": 4, "conv_kernel": 4, "time_step_rank": 2}"""
                : new TinyConfig(family, 1, 4, family.equals("gpt2") ? 4 : 2, 32, window).json();
        try (TinyModel tiny = new TinyModel(json, 7); Engine engine = engine(tiny, KeyValueType.F32)) {
            String message = assertThrows(IllegalArgumentException.class, () -> Runners.of(engine, STREAMING, CONTEXT))
                    .getMessage();
            assertTrue(message.startsWith("the cache policy streaming:4+76 cannot be used: ") && message.contains(why),
                    message);
        }
    }

    @Test
    void whatCannotWorkIsRefused() {
        try (TinyModel tiny = tiny(1); Engine engine = engine(tiny, KeyValueType.F32)) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Runners.of(engine, new Streaming(20, 77),
                    CONTEXT)).getMessage().contains("97 positions, the context has 96"));
        }
        assertThrows(IllegalArgumentException.class, () -> new Streaming(-1, 10));
        assertThrows(IllegalArgumentException.class, () -> new Scored(Scored.Method.EXPECTED, 63));
        assertThrows(IllegalArgumentException.class, () -> new Streaming(4, 3));
        assertThrows(IllegalArgumentException.class, () -> new Streaming(0, Integer.MAX_VALUE));
        LoadOptions options = LoadOptions.defaults().withDrafting(Drafting.auto()).withPolicy(STREAMING);
        assertEquals(Drafting.none(), options.drafting());
        assertEquals(STREAMING, options.policy().orElseThrow());
        assertThrows(IllegalArgumentException.class, () -> options.withDrafting(Drafting.ofNgrams()));
    }
}
