package glia.serve.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// When an idle server collects its heap.
class IdleHeapTest {
    @Test
    void anIdleServerCollectsItsHeapOnce() {
        AtomicInteger numRunning = new AtomicInteger();
        AtomicInteger numCollections = new AtomicInteger();
        try (IdleHeap heap = new IdleHeap(numRunning::get, numCollections::incrementAndGet)) {
            for (int i = 0; i < 20; i++) {
                numRunning.set(i % 4 == 0 ? 1 : 0);
                heap.check();
            }
            assertEquals(0, numCollections.get(), "requests come all the time");
            numRunning.set(0);
            for (int i = 0; i < 20; i++) {
                heap.check();
            }
            int steps = numCollections.get();
            assertTrue(steps > 1, "the collector returns memory in several steps");
            for (int i = 0; i < 20; i++) {
                heap.check();
            }
            assertEquals(steps, numCollections.get(), "the heap has not grown since");
        }
    }
}
