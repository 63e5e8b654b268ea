package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WeightTest {
    private final Arena arena = Arena.ofShared();

    @AfterEach
    void free() {
        arena.close();
    }

    private Tensor matrix() {
        return Tensor.of(arena, new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
    }

    @Test
    void allViewsShareAVersion() {
        Tensor t = matrix();
        List<Tensor> views = List.of(t, t.rows(1, 3), t.reshape(6), t.rows(0, 2).rows(1, 2), t.view(8, DType.F32, 2),
                t.view(0, DType.U8, 24).view(0, DType.F32, 6));
        assertEquals(0, t.version());
        long version = 0;
        for (Tensor changed : views) {
            changed.changed();
            changed.zero();
            changed.copyFrom(changed);
            for (Tensor seen : views) {
                assertEquals(version + 3, seen.version());
            }
            version += 3;
        }
        assertEquals(0, matrix().version());
    }

    @Test
    void updatesRaiseTheVersionAlsoIfTheyFail() {
        Weight.Stored w = new Weight.Stored(matrix());
        w.update(t -> t.set(3, 9));
        assertEquals(1, w.version());
        assertEquals(9, w.tensor().get(3));
        assertThrows(IllegalStateException.class, () -> w.update(t -> {
            t.set(0, 8);
            throw new IllegalStateException("half done");
        }));
        assertEquals(2, w.version());
    }

    @Test
    void filesAreNotUpdated() {
        Weight.Stored w = new Weight.Stored(Tensor.of(DType.F32, matrix().memory().asReadOnly(), 3, 2));
        String message = assertThrows(IllegalStateException.class, () -> w.update(t -> t.set(0, 1))).getMessage();
        assertTrue(message.startsWith("F32[3, 2] is a read-only mapping of a file"), message);
        assertEquals(0, w.version());
    }

    /// A copy made at first use follows its origin, in the same memory.
    @Test
    void deferredWeightsFollowTheirOrigin() {
        Tensor origin = matrix();
        Weight.Deferred w = new Weight.Deferred(DType.F32, 1, 2, origin, new Weight.Deferred.Maker() {
            @Override
            public Tensor make() {
                return rebuild(arena);
            }

            @Override
            public Tensor rebuild(Arena arena) {
                Tensor t = Tensor.allocate(arena, DType.F32, 1, 2);
                t.copyFrom(origin.rows(1, 2));
                return t;
            }
        });
        origin.set(2, 7);
        origin.changed();
        Tensor made = w.matrix();
        assertArrayEquals(new float[] {7, 4}, made.toArray());
        long version = made.version();
        assertSame(made, w.matrix());
        assertEquals(version, made.version());
        origin.set(3, 8);
        origin.changed();
        assertSame(made, w.matrix());
        assertArrayEquals(new float[] {7, 8}, made.toArray());
        assertTrue(made.version() > version, "what is derived from the copy is stale");
    }
}
