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
        pace.report(3, 25, 200 * MILLIS);
        assertEquals(28, pace.limit(500), "the prompt has become long: a token takes 3.5 ms");
        pace.report(3, 25, 2000 * MILLIS);
        assertEquals(PromptPace.LEAST_TOKENS, pace.limit(500), "prompts progress");
        assertEquals(3, pace.limit(3));
    }

    @Test
    void aPassNowAndThenTellsHowLongDecodingTakes() {
        PromptPace pace = new PromptPace();
        pace.report(1, 0, 10 * MILLIS);
        pace.report(1, 0, 90 * MILLIS);
        pace.report(0, 500, 1000 * MILLIS);
        assertEquals(10, pace.limit(500), "a slow pass counts for an eighth: 20 ms");
        for (int i = 0; i < PromptPace.MOST_SINCE_DECODING; i++) {
            pace.report(1, 10, 40 * MILLIS);
        }
        assertEquals(0, pace.limit(500));
        pace.report(1, 0, 10 * MILLIS);
        assertEquals(7, pace.limit(500), "a fast one for a half: 15 ms");
    }
}
