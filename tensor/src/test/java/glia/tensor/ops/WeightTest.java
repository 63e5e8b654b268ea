package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.DType;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
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

    /// Columns are copies, which follow the values; so are columns of columns and of quantized weights.
    @Test
    void columnsFollowTheValues() {
        Weight.Stored w = new Weight.Stored(Tensor.of(arena, new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 4));
        Weight.Plain columns = w.columns(1, 4);
        Weight.Plain ofColumns = columns.columns(1, 2);
        assertArrayEquals(new long[] {2, 3}, columns.shape());
        assertArrayEquals(new float[] {2, 3, 4, 6, 7, 8}, columns.toF32(arena).toArray());
        assertArrayEquals(new float[] {3, 7}, ofColumns.toF32(arena).toArray());
        long version = columns.version();
        w.update(t -> t.set(6, 9));
        assertTrue(columns.version() > version);
        assertArrayEquals(new float[] {2, 3, 4, 6, 9, 8}, columns.toF32(arena).toArray());
        assertArrayEquals(new float[] {3, 9}, ofColumns.toF32(arena).toArray());
        assertThrows(IndexOutOfBoundsException.class, () -> w.columns(2, 5));
        Weight.Stored blocks = new Weight.Stored(Tensor.allocate(arena, DType.Q8_0, 2, 96));
        assertEquals(64, blocks.columns(32, 96).cols());
        assertThrows(IllegalArgumentException.class, () -> blocks.columns(16, 96));
    }

    @Test
    void columnsOfQuantizedWeightsHaveTheirGroups() {
        Tensor codes = Tensor.allocate(arena, DType.U8, 3, 4);
        for (int i = 0; i < 12; i++) {
            codes.memory().set(ValueLayout.JAVA_BYTE, i, (byte) (17 * i + 3));
        }
        Tensor scales = Tensor.of(arena, new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 3, 4);
        Tensor zeros = Tensor.of(arena, new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 7, 6, 5}, 12);
        QuantizedMatrix.Parts parts = new QuantizedMatrix.Parts(QuantizedMatrix.Code.U4, codes, scales,
                Optional.of(zeros), 2);
        for (QuantizedMatrix.Grouping grouping : List.of(new QuantizedMatrix.Grouping.Blocks(1, 2),
                new QuantizedMatrix.Grouping.Columns(new int[] {3, 0, 1, 1, 2, 3, 0, 2}))) {
            Weight.Plain w = new Weight.Quantized(new QuantizedMatrix("test", 3, 8, grouping, 12, () -> parts))
                    .rows(1, 3);
            float[] all = w.toF32(arena).toArray();
            float[] some = w.columns(2, 7).toF32(arena).toArray();
            for (int i = 0; i < some.length; i++) {
                assertEquals(all[i / 5 * 8 + 2 + i % 5], some[i], 0.0f);
            }
        }
        Weight.Plain blocks = new Weight.Quantized(new QuantizedMatrix("test", 3, 8,
                new QuantizedMatrix.Grouping.Blocks(1, 2), 12, () -> parts));
        assertThrows(IllegalArgumentException.class, () -> blocks.columns(1, 8));
        Weight.Plain reordered = new Weight.Quantized(new QuantizedMatrix("test", 3, new int[] {1, 0, 2, 3, 4, 5, 6, 7},
                new QuantizedMatrix.Grouping.Blocks(1, 2), 12, () -> parts));
        assertThrows(IllegalArgumentException.class, () -> reordered.columns(2, 4));
    }
}
