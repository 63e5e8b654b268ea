package glia.engine.call;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.sampling.TokenMask;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MinTokensMaskTest {
    /// Else the decode step would compute the masks that another thread should.
    @Test
    void waitsForTheMaskWithin() {
        int[] stops = new int[1];
        GenerationRun.MinTokensMask mask = new GenerationRun.MinTokensMask(new TokenMask() {
            @Override
            public long[] allowed() {
                return new long[] {3};
            }

            @Override
            public boolean isReady() {
                return false;
            }

            @Override
            public void stop() {
                stops[0]++;
            }
        }, 2, Set.of(1), 1);
        assertFalse(mask.isReady());
        assertEquals(1, mask.allowed()[0]);
        mask.stop();
        assertEquals(1, stops[0]);
        assertTrue(new GenerationRun.MinTokensMask(null, 2, Set.of(1), 1).isReady());
    }
}
