package glia.engine.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.KernelNames;
import glia.engine.draft.Drafting;
import glia.engine.sampling.SamplingOptions;
import glia.engine.sampling.TokenMask;
import glia.tensor.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// In batch-invariant mode speculative decoding changes no token, no bit of a log-probability and no reason to end.
class SpeculativeDecodingTest {
    private static final long TIGHT_BYTES = 384 << 10;

    /// Allows two thirds of the tokens, others each time; forces every ninth token; from the fortieth on, a limit ends
    /// what would go on, as the budget of thinking does.
    private static final class Budget implements TokenMask {
        private final int vocabSize;
        private int count;

        Budget(int vocabSize) {
            this.vocabSize = vocabSize;
        }

        @Override
        public long[] allowed() {
            long[] words = new long[vocabSize / 64 + 1];
            for (int t = 0; t < vocabSize; t++) {
                words[t / 64] |= (t + count / 5) % 3 == 0 ? 0 : 1L << t % 64;
            }
            return words;
        }

        @Override
        public int forced() {
            return count % 9 == 8 ? 7 : -1;
        }

        @Override
        public int replace(int token) {
            return count == 40 ? 3 : token;
        }

        @Override
        public void accept(int token) {
            count++;
        }
    }

    /// Requests whose prompts repeat themselves, so that drafts are found; a third has stop tokens, a third a mask.
    private static List<GenerationRequest> requests(Harness h, Random random, int count, int longest) {
        List<GenerationRequest> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] phrase = h.prompt(random, 3 + random.nextInt(9));
            int[] prompt = new int[1 + random.nextInt(40)];
            for (int t = 0; t < prompt.length; t++) {
                prompt[t] = random.nextInt(20) == 0 ? random.nextInt(h.vocabSize()) : phrase[t % phrase.length];
            }
            SamplingOptions options = switch (random.nextInt(3)) {
                case 0 -> SamplingOptions.greedy();
                case 1 -> SamplingOptions.neutral().withSeed(random.nextLong()).withTopK(2);
                default -> SamplingOptions.neutral().withSeed(random.nextLong()).withTopK(3)
                        .withRepetitionPenalty(1.05f);
            };
            GenerationRequest.Builder request = h.request(prompt).sampling(options).logProbabilities(0);
            if (i % 3 == 1) {
                request.stopTokens(Set.of(random.nextInt(h.vocabSize()), random.nextInt(h.vocabSize())));
            } else if (i % 3 == 2) {
                request.mask(sample -> new Budget(h.vocabSize()));
            }
            // One goes on to the end of the context.
            all.add((i == 0 ? request : request.maxTokens(1 + random.nextInt(longest))).build());
        }
        return all;
    }

    private static List<Completion> alone(Harness h, List<GenerationRequest> requests) {
        Scheduler plain = h.open(1L << 30, new SchedulerOptions(512, 1, 100).withoutPrefixCache());
        return requests.stream().map(request -> plain.submit(request).await().getFirst()).toList();
    }

    /// @return the completions with drafts
    private static List<Completion> compare(Harness h, long bytes, int maxSequences, Drafting drafting, int count) {
        List<GenerationRequest> requests = requests(h, new Random(count), count, bytes < 1L << 30 ? 330 : 150);
        List<Completion> expected = alone(h, requests);
        h.open(bytes, new SchedulerOptions(48, maxSequences, 100).withDrafting(drafting));
        List<Generation> generations = new ArrayList<>();
        h.scheduler().betweenSteps(() -> requests.forEach(r -> generations.add(h.scheduler().submit(r))));
        List<Completion> found = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Completion text = generations.get(i).await().getFirst();
            assertArrayEquals(expected.get(i).tokens(), text.tokens(), "request " + i);
            assertArrayEquals(expected.get(i).logProbabilities(), text.logProbabilities(), "request " + i);
            assertEquals(expected.get(i).finish(), text.finish());
            found.add(text);
        }
        assertEquals(0, h.engine().stateBytes());
        return found;
    }

    private static int drafted(List<Completion> texts) {
        return texts.stream().mapToInt(Completion::draftedTokens).sum();
    }

    private static int accepted(List<Completion> texts) {
        return texts.stream().mapToInt(Completion::acceptedTokens).sum();
    }

    /// Full, sliding, shared, latent and chunked attention; an encoder-decoder.
    @ParameterizedTest
    @CsvSource({"llama, 8, 1", "llama, 8, 10", "gemma3_text, 8, 8", "gemma4_shared, 5, 8", "deepseek_v3, 3, 8",
        "llama4_text, 8, 8", "t5, 4, 8"})
    void promptLookupChangesNothing(String family, int numDrafts, int maxSequences) {
        try (Harness h = new Harness("/golden/" + family)) {
            List<Completion> texts = compare(h, 1L << 30, maxSequences, Drafting.ofNgrams().withFixed(numDrafts), 18);
            assertTrue(accepted(texts) > 10 && accepted(texts) < drafted(texts), accepted(texts) + " accepted");
            Map<Finish, Integer> ends = new EnumMap<>(Finish.class);
            texts.forEach(text -> ends.merge(text.finish(), 1, Integer::sum));
            assertEquals(Set.of(Finish.STOP, Finish.LENGTH, Finish.CONTEXT), ends.keySet());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3_text", "deepseek_v3"})
    void preemptionChangesNothing(String family) {
        try (Harness h = new Harness("/golden/" + family)) {
            List<Completion> texts = compare(h, h.bytesOf(h.context()), 12, Drafting.ofNgrams().withFixed(8), 18);
            assertTrue(accepted(texts) > 10, accepted(texts) + " accepted");
            assertTrue(family.equals("gemma3_text") || h.scheduler().load().numPreemptions() > 0, "memory sufficed");
        }
    }

    static Stream<Arguments> fastKernels() {
        return KernelNames.here().stream().flatMap(kernels -> Stream.of("llama", "gemma3_text")
                .map(family -> Arguments.of(kernels, family)));
    }

    @ParameterizedTest
    @MethodSource("fastKernels")
    void bitsAreTheSameWithEveryKernelSet(String kernels, String family) {
        try (Harness h = new Harness("/golden/" + family, kernels, Precision.FAST)) {
            assertTrue(accepted(compare(h, 1L << 30, 6, Drafting.ofNgrams().withFixed(8), 9)) > 0);
        }
    }

    /// Recurrent states cannot be truncated.
    @ParameterizedTest
    @ValueSource(strings = {"mamba2", "qwen3_next"})
    void modelsWithRecurrentStatesDraftNothing(String family) {
        try (Harness h = new Harness("/golden/" + family)) {
            assertEquals(0, drafted(compare(h, 1L << 30, 6, Drafting.ofNgrams().withFixed(8), 6)));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void predictionLayersChangeNothing(boolean isTight) {
        try (Harness h = new Harness("/drafts/deepseek_v3")) {
            for (Drafting drafting : List.of(Drafting.ofMtp().withFixed(1), Drafting.auto().withFixed(6))) {
                List<Completion> texts = compare(h, isTight ? TIGHT_BYTES : 1L << 30, 10, drafting, 18);
                assertTrue(accepted(texts) > 10, accepted(texts) + " accepted");
            }
        }
    }

    /// The model is its own draft model: greedy texts accept all, where the drafter's memory suffices.
    @ParameterizedTest
    @CsvSource({"llama, false", "llama, true", "gemma3_text, false"})
    void draftModelsChangeNothing(String family, boolean isTight) {
        Drafting drafting = new Drafting(false, Drafting.ofModel(Path.of("itself")).drafter(), 4);
        try (Harness h = new Harness("/golden/" + family)) {
            List<Completion> texts = compare(h, isTight ? TIGHT_BYTES : 1L << 30, 10, drafting, 18);
            assertTrue(accepted(texts) > drafted(texts) / 4, accepted(texts) + " of " + drafted(texts));
            Completion greedy = h.scheduler().submit(h.request(new int[] {5, 9, 2}).sampling(SamplingOptions.greedy())
                    .maxTokens(51).build()).await().getFirst();
            assertArrayEquals(h.alone(new int[] {5, 9, 2}, SamplingOptions.greedy(), 51), greedy.tokens());
            assertEquals(List.of(40, 40), List.of(greedy.draftedTokens(), greedy.acceptedTokens()));
        }
    }

    /// Early exit: the first layers of a model draft.
    @ParameterizedTest
    @CsvSource({"llama, false", "llama, true", "gemma3_text, false", "qwen3_moe, false", "deepseek_v3, false"})
    void firstLayersChangeNothing(String family, boolean isTight) {
        try (Harness h = new Harness("/golden/" + family)) {
            Drafting drafting = new Drafting(false, Drafting.ofFirstLayers(1).drafter(), 4);
            List<Completion> texts = compare(h, isTight ? TIGHT_BYTES : 1L << 30, 10, drafting, 18);
            assertTrue(drafted(texts) > 100, drafted(texts) + " drafted");
        }
    }

    /// A second text begins with what the first left, drafts among it.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3_text"})
    void prefixesAndSessionsHoldNoRejectedDrafts(String family) {
        try (Harness h = new Harness("/golden/" + family)) {
            Scheduler scheduler = h.open(1L << 30,
                    new SchedulerOptions(64, 4, 100).withDrafting(Drafting.ofNgrams().withFixed(8)));
            SamplingOptions options = SamplingOptions.neutral().withTopK(2).withSeed(4);
            int[] prompt = h.prompt(new Random(2), 12);
            try (Session session = scheduler.session()) {
                for (int turn = 0; turn < 6; turn++) {
                    int[] expected = h.alone(prompt, options, 30);
                    Completion kept = scheduler.submit(h.request(prompt).sampling(options).maxTokens(30)
                            .session(session).build()).await().getFirst();
                    Completion cached = scheduler.submit(h.request(prompt).sampling(options).maxTokens(30).build())
                            .await().getFirst();
                    assertArrayEquals(expected, kept.tokens());
                    assertArrayEquals(expected, cached.tokens());
                    assertTrue(turn == 0 || kept.reusedTokens() >= prompt.length - 2, kept::toString);
                    int[] longer = Arrays.copyOf(prompt, prompt.length + 31);
                    System.arraycopy(expected, 0, longer, prompt.length, 30);
                    longer[longer.length - 1] = turn;
                    prompt = longer;
                }
            }
        }
    }

    /// The policy decides by times, which differ from run to run; the text does not.
    @Test
    void measuredDraftsChangeNothing() {
        try (Harness h = new Harness("/golden/llama")) {
            compare(h, 1L << 30, 1, Drafting.auto(), 12);
            compare(h, 1L << 30, 8, Drafting.auto(), 12);
        }
    }
}
