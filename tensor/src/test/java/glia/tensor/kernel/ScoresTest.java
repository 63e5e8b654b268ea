package glia.tensor.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScoresTest {
    private static int[] exponents(int heads, float maxBias) {
        Scores.Alibi alibi = new Scores.Alibi(maxBias);
        return IntStream.range(0, heads)
                .map(h -> (int) Math.round(100 * Math.log(alibi.slope(h, heads)) / Math.log(2))).toArray();
    }

    @Test
    void slopesAreGeometricAndInterleavedWhereHeadsAreNoPowerOf2() {
        assertArrayEquals(new int[] {-100, -200, -300, -400, -500, -600, -700, -800}, exponents(8, 8));
        assertArrayEquals(new int[] {-200, -400, -600, -800, -100, -300}, exponents(6, 8));
        assertArrayEquals(new int[] {-800}, exponents(1, 8));
        assertArrayEquals(new int[] {-100, -200, -300, -400, -50, -150, -250}, exponents(7, 4));
    }

    @Test
    void bucketsWidenWithTheDistance() {
        Scores.RelativeBias causal = new Scores.RelativeBias(32, 128, false);
        int[] distances = {5, 0, -1, -15, -16, -18, -19, -20, -21, -31, -63, -64, -112, -113, -127, -128, -9999};
        assertArrayEquals(new int[] {0, 0, 1, 15, 16, 16, 17, 17, 18, 21, 26, 26, 30, 31, 31, 31, 31},
                IntStream.of(distances).map(causal::bucket).toArray());
        Scores.RelativeBias both = new Scores.RelativeBias(32, 128, true);
        int[] twoWays = {0, 1, -1, 7, 8, 11, 12, 15, 16, -16, -32, -64, 64, 90, 91, 128, 5000, -5000};
        assertArrayEquals(new int[] {0, 17, 1, 23, 24, 24, 25, 25, 26, 10, 12, 14, 30, 30, 31, 31, 31, 15},
                IntStream.of(twoWays).map(both::bucket).toArray());
    }

    @ParameterizedTest
    @ValueSource(floats = {0, -1, Float.NaN, Float.POSITIVE_INFINITY})
    void rejectsInvalidCapsAndExponents(float value) {
        assertThrows(IllegalArgumentException.class, () -> new Scores.Capped(value));
        assertThrows(IllegalArgumentException.class, () -> new Scores.Alibi(value));
    }

    @Test
    void rejectsBucketsThatHoldNoDistances() {
        assertThrows(IllegalArgumentException.class, () -> new Scores.RelativeBias(1, 10, false));
        assertThrows(IllegalArgumentException.class, () -> new Scores.RelativeBias(3, 10, true));
        assertThrows(IllegalArgumentException.class, () -> new Scores.RelativeBias(32, 16, false));
    }
}
