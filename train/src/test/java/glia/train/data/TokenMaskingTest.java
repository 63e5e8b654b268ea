package glia.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import glia.engine.training.TokenBatch;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class TokenMaskingTest {
    private static final int MASK = 3;
    private final TokenMasking masking = new TokenMasking(MASK, 1000, id -> id < 5, 0.15, 7);

    private static int[] text(int length) {
        int[] ids = new int[length];
        Arrays.setAll(ids, i -> i == 0 ? 1 : i == length - 1 ? 2 : 5 + i * 31 % 900);
        return ids;
    }

    @Test
    void aShareOfTheTokensIsPredicted() {
        TokenBatch batch = new TokenBatch();
        int[] ids = text(20_000);
        masking.add(batch, ids, 4, 0);
        assertEquals(0.15, batch.numRows() / 20_000.0, 0.01);
        for (int target : batch.targets()) {
            assertFalse(target < 5, "special token " + target);
        }
    }

    @Test
    void itDependsOnStepAndRowAlone() {
        TokenBatch first = new TokenBatch();
        masking.add(first, text(100), 2, 5);
        TokenBatch second = new TokenBatch();
        masking.add(second, text(100), 2, 5);
        assertArrayEquals(first.targets(), second.targets());
        TokenBatch other = new TokenBatch();
        masking.add(other, text(100), 3, 5);
        masking.add(other, text(100), 2, 6);
        assertFalse(Arrays.equals(first.targets(), Arrays.copyOf(other.targets(), first.numRows())));
    }

    @Test
    void oneTokenIsPredictedAtLeast() {
        for (int row = 0; row < 50; row++) {
            TokenBatch batch = new TokenBatch();
            masking.add(batch, text(3), 0, row);
            assertEquals(1, batch.numRows());
        }
        TokenBatch special = new TokenBatch();
        masking.add(special, new int[] {1, 2}, 0, 0);
        assertEquals(0, special.numRows());
    }

    @Test
    void mostPredictedTokensAreMaskedAndSomeAreReplacedOrStay() {
        int[] ids = text(40_000);
        int masked = 0;
        int same = 0;
        int[] seen = masking.masked(ids, 0, 0);
        TokenBatch batch = new TokenBatch();
        masking.add(batch, ids, 0, 0);
        for (int i = 0; i < ids.length; i++) {
            masked += seen[i] == MASK ? 1 : 0;
            same += seen[i] == ids[i] ? 1 : 0;
        }
        double rows = batch.numRows();
        assertEquals(0.8, masked / rows, 0.02);
        assertEquals(0.1, (same - (ids.length - rows)) / rows, 0.02);
    }
}
