package glia.engine.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PromptPaceTest {
    private static final long MILLIS = 1_000_000;

    @Test
    void aChunkTakesAsLongAsAStepOfDecoding() {
        PromptPace pace = new PromptPace();
        assertEquals(500, pace.limit(500), "nothing is known");
        pace.report(0, 500, 50 * MILLIS);
        assertEquals(500, pace.limit(500), "short passes are not limited");
        pace.report(0, 500, 1000 * MILLIS);
        assertEquals(0, pace.limit(500), "a pass without prompts is to be measured");
        pace.report(3, 0, 100 * MILLIS);
        assertEquals(50, pace.limit(500), "50 tokens of 2 ms");
        pace.report(3, 50, 300 * MILLIS);
        assertEquals(25, pace.limit(500), "the prompt has become long: a token takes 4 ms");
        pace.report(3, 25, 800 * MILLIS);
        assertEquals(PromptPace.LEAST_TOKENS, pace.limit(500), "prompts progress");
        assertEquals(3, pace.limit(3));
        pace.report(3, 16, 17 * MILLIS);
        assertEquals(188, pace.limit(500), "half of a pass that was shorter than a step of decoding is its prompt's");
    }
}
