package glia.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TokenBatch;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RandomWindowsTest {
    private static final Tokens COUNTING = Tokens.of(IntStream.range(0, 1000).toArray());

    @Test
    void aBatchDependsOnItsNumberAndTheSeedAlone() {
        RandomWindows one = new RandomWindows(COUNTING, 3, 7, 5);
        RandomWindows same = new RandomWindows(COUNTING, 3, 7, 5);
        one.batch(0);
        one.batch(1);
        assertArrayEquals(one.batch(2).targets(), same.batch(2).targets());
        assertTrue(!Arrays.equals(one.batch(2).targets(), one.batch(3).targets()));
        assertTrue(!Arrays.equals(one.batch(2).targets(),
                new RandomWindows(COUNTING, 3, 7, 6).batch(2).targets()));
    }

    @Test
    void everyInputHasTheNextTokenAsItsTarget() {
        TokenBatch batch = new RandomWindows(COUNTING, 4, 9, 1).batch(0);
        assertEquals(36, batch.numTokens());
        assertEquals(36, batch.numRows());
        int[] targets = batch.targets();
        for (int i = 0; i < 36; i++) {
            if (i % 9 > 0) {
                assertEquals(targets[i - 1] + 1, targets[i]);
            }
        }
    }

    @Test
    void windowsReachBothEndsOfTheCorpus() {
        RandomWindows windows = new RandomWindows(Tokens.of(new int[] {0, 1, 2, 3, 4}), 1, 2, 9);
        Set<Integer> last = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            last.add(windows.batch(i).targets()[1]);
        }
        assertEquals(Set.of(2, 3, 4), last);
    }

    @Test
    void aCorpusShorterThanAWindowIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new RandomWindows(COUNTING, 1, 1000, 1));
        assertThrows(IllegalArgumentException.class, () -> new RandomWindows(COUNTING, 0, 10, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> COUNTING.slice(10, 1001));
        assertThrows(IndexOutOfBoundsException.class, () -> COUNTING.slice(10, 20).read(5, 6, new int[6]));
    }
}
