package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.load.LoadOptions;
import glia.engine.sampling.SamplingOptions;
import glia.engine.state.Sequence;
import glia.tensor.Precision;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Reusing the KV cache of earlier prompts changes no answer, with sliding windows and recurrent states too.
class ReuseTest {
    private static final int NUM_PROMPTS = 30;
    private static final int ALL = Integer.MAX_VALUE;

    private static LanguageModel load(String name) throws IOException, URISyntaxException {
        Path file = Path.of(ReuseTest.class.getResource("/gguf/" + name + "-f32.gguf").toURI());
        return LanguageModel.load(file, new LoadOptions(1, 256, "scalar", Precision.EXACT));
    }

    /// Of the prompts with a common prefix: how many reused the KV cache, how many could not, and how many of these
    /// have more than a block in common.
    private record Reuse(int used, int begunAnew, int longBegunAnew) { }

    /// Prompts that keep a random part of the one before, all but `mostTruncated` tokens at least, and go on
    /// differently.
    private static Reuse check(String name, int mostTruncated) throws IOException, URISyntaxException {
        Random random = new Random(8);
        GenerationOptions greedy = new GenerationOptions(SamplingOptions.greedy(), 12, List.of());
        int reused = 0;
        int begunAnew = 0;
        int longBegunAnew = 0;
        try (LanguageModel model = load(name); Generator used = model.generator()) {
            int[] last = {};
            for (int i = 0; i < NUM_PROMPTS; i++) {
                int kept = last.length - random.nextInt(Math.min(mostTruncated, last.length) + 1);
                int[] prompt = Arrays.copyOf(last, kept + 1 + random.nextInt(20 + 4 * i));
                for (int t = kept; t < prompt.length; t++) {
                    prompt[t] = 3 + random.nextInt(47);
                }
                Answer answer = used.generate(prompt, greedy, true, piece -> { });
                try (Generator fresh = model.generator()) {
                    assertEquals(fresh.generate(prompt, greedy, true, piece -> { }).text(), answer.text(),
                            () -> "prompt of " + prompt.length + ", " + answer.reusedTokens() + " reused");
                }
                reused += answer.reusedTokens() > 0 ? 1 : 0;
                begunAnew += kept > 0 && answer.reusedTokens() == 0 ? 1 : 0;
                longBegunAnew += kept > Sequence.BLOCK_TOKENS && answer.reusedTokens() == 0 ? 1 : 0;
                last = prompt.length > 200 ? new int[0] : prompt;
            }
        }
        return new Reuse(reused, begunAnew, longBegunAnew);
    }

    @Test
    void withoutAWindowEveryBeginningIsReused() throws IOException, URISyntaxException {
        Reuse reuse = check("llama", ALL);
        assertTrue(reuse.used > NUM_PROMPTS / 2 && reuse.begunAnew == 0, reuse::toString);
    }

    /// Beginnings of more than a block are reused from the end of a block on.
    @ParameterizedTest
    @ValueSource(strings = {"gemma3_text", "mistral", "llama4_text", "gpt_oss"})
    void withAWindowBlocksAreReused(String name) throws IOException, URISyntaxException {
        Reuse reuse = check(name, ALL);
        assertTrue(reuse.used > 4 && reuse.longBegunAnew == 0, reuse::toString);
    }

    /// Where the truncated part does not reach behind the last whole block of the prompt.
    @ParameterizedTest
    @ValueSource(strings = {"bamba", "jamba", "mamba2", "falcon_h1_mup"})
    void withARecurrenceSomeBlocksAreReused(String name) throws IOException, URISyntaxException {
        Reuse reuse = check(name, 20);
        assertTrue(reuse.used > 8, reuse::toString);
    }
}
