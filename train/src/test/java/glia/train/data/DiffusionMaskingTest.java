package glia.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TokenBatch;
import glia.model.spec.Diffusion;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DiffusionMaskingTest {
    private static final int[] TEXT = {4, 5, 6, 7, 8, 9, 10, 11};
    private final DiffusionMasking masking = new DiffusionMasking(new Diffusion.Masked(3, false), 7);

    @Test
    void weightsAreTheInverseOfTheNoiseLevelAndAllLevelsAndPlacesComeEvenly() {
        int rows = 800;
        int[] levels = new int[TEXT.length + 1];
        int[] places = new int[TEXT.length];
        for (int row = 0; row < rows; row++) {
            TokenBatch batch = new TokenBatch();
            masking.add(batch, TEXT, row, 0);
            int masks = batch.numRows();
            levels[masks]++;
            assertEquals(TEXT.length, batch.totalWeight(), 1e-5);
            assertEquals(masks, IntStream.of(batch.targets()).distinct().count());
            for (int i = 0; i < masks; i++) {
                assertEquals((double) TEXT.length / masks, batch.weights()[i], 1e-6);
                places[batch.targets()[i] - 4]++;
            }
        }
        assertEquals(0, levels[0]);
        for (int level = 1; level < levels.length; level++) {
            assertEquals(100, levels[level], 2, "rows with " + level + " masks");
        }
        for (int count : places) {
            // 450 of binomial numbers with a deviation of 14.
            assertEquals(rows * 4.5 / TEXT.length, count, 60, Arrays.toString(places));
        }
    }

    @Test
    void shiftedModelsAreGivenTheFirstTokenAndPredictAPlaceFromTheOneBefore() {
        DiffusionMasking shifted = new DiffusionMasking(new Diffusion.Masked(3, true), 7);
        boolean[] isPredicted = new boolean[TEXT.length];
        for (int row = 0; row < 200; row++) {
            TokenBatch batch = new TokenBatch();
            shifted.add(batch, TEXT, row, 0);
            assertEquals(TEXT.length - 1, batch.totalWeight(), 1e-5);
            IntStream.of(batch.targets()).forEach(target -> isPredicted[target - 4] = true);
            if (batch.numRows() == TEXT.length - 1) {
                assertArrayEquals(Arrays.copyOfRange(TEXT, 1, TEXT.length), batch.targets());
            }
        }
        assertTrue(!isPredicted[0] && isPredicted[1] && isPredicted[TEXT.length - 1]);
        assertThrows(IllegalArgumentException.class, () -> shifted.add(new TokenBatch(), new int[] {4}, 0, 0));
    }

    @Test
    void itDependsOnSeedStepAndRowAlone() {
        assertArrayEquals(targets(masking, 2, 5), targets(masking, 2, 5));
        int same = 0;
        for (int row = 0; row < 20; row++) {
            same += Arrays.equals(targets(masking, row, 0), targets(new DiffusionMasking(masking.kind(), 8), row, 0))
                    ? 1 : 0;
        }
        assertTrue(same < 15, same + " of 20 alike");
    }

    private static int[] targets(DiffusionMasking masking, long step, long row) {
        TokenBatch batch = new TokenBatch();
        masking.add(batch, TEXT, step, row);
        return batch.targets();
    }
}
