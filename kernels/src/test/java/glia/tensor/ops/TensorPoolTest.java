package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.tensor.Tensor;
import glia.tensor.autograd.TensorPool;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/// Matrices of a pool do not overlap, and released memory is reused for any shape.
class TensorPoolTest {
    private static void fill(Tensor t, float value) {
        for (long i = 0; i < t.size(); i++) {
            t.set(i, value);
        }
    }

    private static void assertHolds(Tensor t, float value) {
        for (long i = 0; i < t.size(); i++) {
            assertEquals(value, t.get(i), "number " + i + " of " + t);
        }
    }

    @Property(tries = 50)
    void whatIsTakenKeepsItsNumbers(@ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int steps) {
        Random random = new Random(seed);
        try (TensorPool pool = new TensorPool()) {
            List<Tensor> taken = new ArrayList<>();
            List<Float> values = new ArrayList<>();
            for (int step = 0; step < steps; step++) {
                if (taken.isEmpty() || random.nextInt(3) > 0) {
                    Tensor t = pool.allocate(random.nextInt(40), random.nextInt(500));
                    fill(t, step);
                    taken.add(t);
                    values.add((float) step);
                } else {
                    int i = random.nextInt(taken.size());
                    assertHolds(taken.get(i), values.get(i));
                    pool.release(taken.remove(i));
                    values.remove(i);
                }
            }
            for (int i = 0; i < taken.size(); i++) {
                assertHolds(taken.get(i), values.get(i));
            }
        }
    }

    /// Free neighbors merge, in whatever order they are released.
    @Property(tries = 50)
    void releasedNeighborsMerge(@ForAll long seed) {
        Random random = new Random(seed);
        try (TensorPool pool = new TensorPool()) {
            List<Tensor> taken = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                taken.add(pool.allocate(1 + random.nextInt(99), 1 + random.nextInt(999)));
            }
            // One chunk from now on.
            pool.clear();
            long bytes = pool.sizeBytes();
            taken.replaceAll(t -> pool.allocate(t.rows(), t.cols()));
            assertEquals(bytes, pool.sizeBytes());
            java.util.Collections.shuffle(taken, random);
            taken.forEach(pool::release);
            assertEquals(0, pool.usedBytes());
            pool.allocate(1, (int) (bytes / 4));
            assertEquals(bytes, pool.sizeBytes());
            assertEquals(bytes, pool.usedBytes());
        }
    }

    @Test
    void aMatrixIsReleasedOnce() {
        try (TensorPool pool = new TensorPool(); TensorPool other = new TensorPool()) {
            Tensor t = pool.allocate(2, 3);
            assertThrows(IllegalArgumentException.class, () -> other.release(t));
            pool.release(t);
            assertThrows(IllegalArgumentException.class, () -> pool.release(t));
        }
    }

    @Test
    void clearReleasesEverything() {
        try (TensorPool pool = new TensorPool()) {
            pool.allocate(100, 100);
            Tensor second = pool.allocate(50, 7);
            pool.clear();
            assertEquals(0, pool.usedBytes());
            assertThrows(IllegalArgumentException.class, () -> pool.release(second));
        }
    }
}
