package glia.kernels.tiled;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.PackedWeightStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PackedWeightCacheTest {
    private final Arena arena = Arena.ofShared();
    private final Tensor w = Tensor.of(arena, new float[] {1, 2, 3, 4}, 2, 2);
    private final PackedWeightCache forms = new PackedWeightCache();
    private int made;
    private boolean optional;

    /// A packed form that is a copy.
    private final PackedWeightCache.Maker copies = new PackedWeightCache.Maker() {
        @Override
        public MemorySegment memory(long sizeBytes) {
            return arena.allocate(sizeBytes, 64);
        }

        @Override
        public void make(Matrix w, long to) {
            made++;
            Memory.ALL.asSlice(to, 16).copyFrom(((Tensor) w).memory());
        }

        @Override
        public boolean isOptional() {
            return optional;
        }
    };

    @AfterEach
    void free() {
        arena.close();
    }

    private MemorySegment of(Tensor w) {
        MemorySegment known = forms.current(w);
        return known != null ? known : forms.make(w, "copy", 16, copies);
    }

    private static float first(MemorySegment form) {
        return form.get(ValueLayout.JAVA_FLOAT, 0);
    }

    @Test
    void areMadeOnceForEachVersion() {
        MemorySegment form = of(w);
        assertSame(form, of(w));
        assertEquals(1, made);
        w.set(0, 7);
        w.changed();
        assertNull(forms.current(w));
        assertSame(form, of(w), "in the same memory");
        assertEquals(7, first(form));
        assertEquals(2, made);
        assertSame(form, of(w));
        assertEquals(2, made);
    }

    @Test
    void viewsSeeTheirParentsChange() {
        Tensor view = w.rows(0, 2);
        MemorySegment form = of(view);
        assertNotEquals(form.address(), of(w).address());
        w.reshape(4).set(0, 9);
        w.reshape(4).changed();
        assertEquals(9, first(of(view)));
        assertEquals(9, first(of(w)));
    }

    /// Memory shared with a store is not changed.
    @Test
    void sharedMemoryIsNotWritten() {
        MemorySegment kept = arena.allocate(16, 64);
        for (boolean isKept : new boolean[] {true, false}) {
            Tensor other = Tensor.of(arena, new float[] {1, 2, 3, 4}, 2, 2);
            forms.usePackedWeights(new PackedWeightStore() {
                @Override
                public MemorySegment find(Matrix w, String form, long sizeBytes) {
                    return isKept && w.version() == 0 ? kept : null;
                }

                @Override
                public boolean offer(Matrix w, String form, MemorySegment panels) {
                    return w.version() == 0;
                }
            });
            MemorySegment shared = of(other);
            float before = first(shared);
            other.set(0, 5);
            other.changed();
            MemorySegment own = of(other);
            assertEquals(5, first(own));
            assertEquals(before, first(shared));
            other.set(0, 6);
            other.changed();
            assertSame(own, of(other));
            assertEquals(6, first(own));
            assertEquals(before, first(shared));
        }
    }

    @Test
    void optionalFormsAreTriedOnce() {
        boolean[] room = {false};
        optional = true;
        forms.usePackedWeights(new PackedWeightStore() {
            @Override
            public boolean hasRoom(long sizeBytes) {
                return room[0];
            }
        });
        assertNull(of(w));
        room[0] = true;
        MemorySegment form = of(w);
        room[0] = false;
        w.changed();
        assertSame(form, of(w));
        assertNull(of(Tensor.allocate(arena, DType.F32, 2, 2)));
    }
}
