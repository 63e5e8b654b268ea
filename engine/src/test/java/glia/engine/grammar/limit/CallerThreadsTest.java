package glia.engine.grammar.limit;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Turns of callers are tested by the pool of the server.
@Timeout(60)
class CallerThreadsTest {
    /// Work that leaves its interrupt to be seen, as the loops of grammars do.
    @Test
    void cancellingWorkLeavesTheNextAlone() throws Exception {
        try (CallerThreads threads = new CallerThreads("test-", 2)) {
            CountDownLatch begun = new CountDownLatch(1);
            FutureTask<Boolean> first = new FutureTask<>(() -> {
                begun.countDown();
                while (!Thread.currentThread().isInterrupted()) {
                    Thread.onSpinWait();
                }
                return true;
            });
            FutureTask<Boolean> second = new FutureTask<>(() -> Thread.currentThread().isInterrupted());
            threads.run("a", first);
            threads.run("a", second);
            begun.await();
            assertTrue(first.cancel(true));
            assertFalse(second.get());
        }
    }
}
