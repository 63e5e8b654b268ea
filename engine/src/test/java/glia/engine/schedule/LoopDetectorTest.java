package glia.engine.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoopDetectorTest {
    /// The number of tokens until a loop is found; -1 if none of 10,000 is.
    private static int found(IntUnaryOperator token) {
        LoopDetector detector = new LoopDetector();
        for (int i = 0; i < 10_000; i++) {
            if (detector.accept(token.applyAsInt(i))) {
                return i + 1;
            }
        }
        return -1;
    }

    /// A loop is `period` tokens and the same again `max(256, 8 · period)` times.
    @ParameterizedTest
    @CsvSource({"1, 257", "7, 263", "32, 288", "33, 297", "100, 900", "128, 1152", "129, -1"})
    void loops(int period, int tokens) {
        assertEquals(tokens, found(i -> i % period));
        assertEquals(tokens < 0 ? -1 : tokens + 500, found(i -> i < 500 ? 1000 + i : i % period));
    }

    @Test
    void whatChangesIsNoLoop() {
        assertEquals(-1, found(i -> i % 5 == 0 ? i : i % 5));
        // A run of 200 equal tokens, and again.
        assertEquals(-1, found(i -> i / 200));
    }
}
