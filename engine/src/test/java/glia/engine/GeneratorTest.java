package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.load.LoadOptions;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Finish;
import glia.engine.state.ContextFullException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.tensor.Precision;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Generation with the story model that is shipped.
class GeneratorTest {
    private static final GenerationOptions GREEDY =
            new GenerationOptions(SamplingOptions.greedy(), 60, List.of());
    private LanguageModel model;

    @BeforeEach
    void load() throws IOException {
        model = LanguageModel.load("stories260K");
    }

    @AfterEach
    void close() {
        model.close();
    }

    private Answer answer(Generator generator, String prompt, GenerationOptions options) {
        return generator.generate(model.tokenizer().encode(prompt, true), options, false, piece -> { });
    }

    @Test
    void reusingTheKvCacheChangesNoAnswer() {
        try (Generator fresh = model.generator(); Generator used = model.generator()) {
            answer(used, "Once upon a time there was a cat", GREEDY);
            String wanted = answer(fresh, "Once upon a time there was a dog", GREEDY).text();
            Answer again = answer(used, "Once upon a time there was a dog", GREEDY);
            assertEquals(wanted, again.text());
            assertTrue(again.reusedTokens() > 3, again::toString);
            assertEquals(wanted, answer(used, "Once upon a time there was a dog", GREEDY).text());
        }
    }

    @Test
    void aLoopEndsTheAnswer() {
        assertEquals(4096, model.options().maxTokens());
        try (Generator generator = model.generator()) {
            GenerationOptions looping = model.options().withSampling(SamplingOptions.greedy()
                    .withLogitBias(Map.of(400, 100f)));
            Answer answer = answer(generator, "Once", looping);
            assertEquals(Finish.REPETITION, answer.finish());
            assertEquals(257, answer.tokens());
            assertEquals(Finish.LENGTH, answer(generator, "Once", looping.withMaxTokens(256)).finish());
        }
    }

    @Test
    void aStopStringEndsTheAnswerAndIsNoPartOfIt() {
        try (Generator generator = model.generator()) {
            String whole = answer(generator, "Once upon a time", GREEDY).text();
            String stop = whole.substring(20, 26);
            Answer stopped = answer(generator, "Once upon a time", new GenerationOptions(SamplingOptions.greedy(), 60,
                    List.of(stop)));
            assertEquals(Finish.STOP, stopped.finish());
            assertEquals(whole.substring(0, whole.indexOf(stop)), stopped.text());
        }
    }

    @Test
    void aFullContextEndsTheAnswer() throws IOException {
        try (LanguageModel small = LanguageModel.load(
                new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path(),
                new LoadOptions(1, 32, "scalar", Precision.EXACT)); Generator generator = small.generator()) {
            int[] prompt = small.tokenizer().encode("Once upon a time", true);
            Answer answer = generator.generate(prompt, new GenerationOptions(SamplingOptions.greedy(), 0, List.of()),
                    false, piece -> { });
            assertEquals(Finish.CONTEXT, answer.finish());
            assertEquals(32, prompt.length + answer.tokens());
            ContextFullException full = assertThrows(ContextFullException.class,
                    () -> generator.generate(new int[32], GREEDY, false, piece -> { }));
            assertTrue(full.getMessage().contains("32"), full.getMessage());
        }
    }

    @Test
    void aListenerCancelsAndTheSequenceGoesOn() {
        try (Generator generator = model.generator()) {
            String whole = answer(generator, "Once upon a time", GREEDY).text();
            StringBuilder received = new StringBuilder();
            Answer cancelled = generator.generate(model.tokenizer().encode("Once upon a time", true), GREEDY, false,
                    new TextListener() {
                        @Override
                        public void text(String piece) {
                            received.append(piece);
                        }

                        @Override
                        public boolean cancelled() {
                            return received.length() > 10;
                        }
                    });
            assertEquals(Finish.CANCELLED, cancelled.finish());
            assertTrue(whole.startsWith(received.toString()));
            assertEquals(whole, answer(generator, "Once upon a time", GREEDY).text());
        }
    }

    @Test
    void theSameSeedGivesTheSameText() {
        GenerationOptions seeded = GREEDY.withSampling(SamplingOptions.defaults().withSeed(7));
        try (Generator a = model.generator(); Generator b = model.generator()) {
            String story = answer(a, "Once upon a time", seeded).text();
            assertEquals(story, answer(b, "Once upon a time", seeded).text());
            assertEquals(story, answer(a, "Once upon a time", seeded).text());
        }
    }
}
