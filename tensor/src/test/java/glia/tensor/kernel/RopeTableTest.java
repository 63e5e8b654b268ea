package glia.tensor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.tensor.Memory;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// The table of angles, for all ways in which it grew.
class RopeTableTest {
    private static final float[] FREQUENCIES = {1, 0.3f, 0.01f};

    private static void check(long address, int numPositions) {
        for (int p = 0; p < numPositions; p++) {
            for (int i = 0; i < FREQUENCIES.length; i++) {
                double angle = (float) p * FREQUENCIES[i];
                long at = address + 4L * (2L * p * FREQUENCIES.length + i);
                assertEquals((float) Math.cos(angle) * 2, Memory.f32(at));
                assertEquals((float) Math.sin(angle) * 2, Memory.f32(at + 4L * FREQUENCIES.length));
            }
        }
    }

    @Test
    void keepsItsRowsWhenItGrows() {
        RopeTable table = new RopeTable(FREQUENCIES, 2, Layout.HALF_SPLIT);
        assertEquals(24, table.rowBytes());
        for (int numPositions : new int[] {0, 1, 2, 1, 31, 4096, 4097, 12_000, 3}) {
            check(table.upTo(numPositions), numPositions);
        }
    }

    @Test
    void isThreadSafeWhileItGrows() throws InterruptedException, ExecutionException {
        RopeTable table = new RopeTable(FREQUENCIES, 2, Layout.HALF_SPLIT);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<Boolean>> tasks = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                int step = 1 + t;
                tasks.add(() -> {
                    for (int n = 1; n < 300; n += step) {
                        check(table.upTo(n), n);
                    }
                    return true;
                });
            }
            for (Future<Boolean> task : threads.invokeAll(tasks)) {
                task.get();
            }
        }
    }
}
