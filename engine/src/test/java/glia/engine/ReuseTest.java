package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.sampling.SamplingOptions;
import glia.tensor.Precision;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What a generator remembers of earlier prompts changes no answer, also where windows have slid over it.
class ReuseTest {
    private static final int NUM_PROMPTS = 30;

    private static LanguageModel load(String name) throws IOException, URISyntaxException {
        Path file = Path.of(ReuseTest.class.getResource("/gguf/" + name + "-f32.gguf").toURI());
        return LanguageModel.load(file, new LoadOptions(1, 256, "scalar", Precision.EXACT, false));
    }

    /// Of the prompts that begin as the one before, how many used what was remembered, and how many could not.
    private record Reuse(int used, int begunAnew) { }

    /// Prompts that keep a random part of the one before and go on differently.
    private static Reuse check(String name) throws IOException, URISyntaxException {
        Random random = new Random(8);
        GenerationOptions greedy = new GenerationOptions(SamplingOptions.greedy(), 12, List.of());
        int reused = 0;
        int begunAnew = 0;
        try (LanguageModel model = load(name); Generator used = model.generator()) {
            int[] last = {};
            for (int i = 0; i < NUM_PROMPTS; i++) {
                int kept = last.length == 0 ? 0 : random.nextInt(last.length + 1);
                int[] prompt = Arrays.copyOf(last, kept + 1 + random.nextInt(20 + 4 * i));
                for (int t = kept; t < prompt.length; t++) {
                    prompt[t] = 3 + random.nextInt(61);
                }
                Answer answer = used.generate(prompt, greedy, true, piece -> { });
                try (Generator fresh = model.generator()) {
                    assertEquals(fresh.generate(prompt, greedy, true, piece -> { }).text(), answer.text(),
                            () -> "prompt of " + prompt.length + ", " + answer.reusedTokens() + " reused");
                }
                reused += answer.reusedTokens() > 0 ? 1 : 0;
                begunAnew += kept > 0 && answer.reusedTokens() == 0 ? 1 : 0;
                last = prompt.length > 200 ? new int[0] : prompt;
            }
        }
        return new Reuse(reused, begunAnew);
    }

    @Test
    void withoutAWindowEveryBeginningIsReused() throws IOException, URISyntaxException {
        Reuse reuse = check("llama");
        assertTrue(reuse.used > NUM_PROMPTS / 2 && reuse.begunAnew == 0, reuse::toString);
    }

    @Test
    void withAWindowOnlyWhatIsStillThereIsReused() throws IOException, URISyntaxException {
        Reuse reuse = check("gemma3_text");
        assertTrue(reuse.used > 2 && reuse.begunAnew > 2, reuse::toString);
    }
}
