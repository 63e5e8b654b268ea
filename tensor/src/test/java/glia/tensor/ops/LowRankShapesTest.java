package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/// Which adapters are rejected, and how an adapter's version follows its parts.
class LowRankShapesTest {
    @Test
    void adaptersThatDoNotFitAreRejected() {
        try (Arena arena = Arena.ofShared()) {
            Weight.Stored w = new Weight.Stored(Tensor.allocate(arena, DType.F32, 4, 3));
            Weight.Stored a = new Weight.Stored(Tensor.allocate(arena, DType.F32, 2, 3));
            Weight.Stored b = new Weight.Stored(Tensor.allocate(arena, DType.F32, 4, 2));
            String message = assertThrows(IllegalArgumentException.class, () -> new LowRank(w, b, a, 1)).getMessage();
            assertTrue(message.contains("A [r, 3] and B [4, r]"), message);
            LowRank adapted = new LowRank(w, a, b, 1);
            assertEquals(0, adapted.version());
            a.update(t -> t.set(0, 1));
            b.update(t -> t.set(0, 1));
            w.update(t -> t.set(0, 1));
            assertEquals(3, adapted.version());
            String stored = assertThrows(IllegalArgumentException.class, () -> Compute.stored(adapted)).getMessage();
            assertTrue(stored.contains("only matrix multiplication and embeddings"), stored);
        }
    }
}
