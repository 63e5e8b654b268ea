package glia.tensor.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WorkersTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 7})
    void runsEveryChunkOfManySmallTasksOnce(int count) {
        AtomicIntegerArray runs = new AtomicIntegerArray(40);
        // Chunks of one task must never run during the next: they would add to the wrong number.
        int[] round = {0};
        try (Workers workers = new Workers(count)) {
            Workers.Task task = (chunk, worker) -> {
                assertTrue(worker >= 0 && worker < count);
                runs.addAndGet(chunk, round[0]);
            };
            Random random = new Random(count);
            for (int i = 0; i < 5_000; i++) {
                int chunks = random.nextInt(41);
                round[0] = i + 1;
                workers.run(task, chunks);
                for (int chunk = 0; chunk < 40; chunk++) {
                    assertEquals(chunk < chunks ? i + 1 : 0, runs.getAndSet(chunk, 0), "chunk " + chunk);
                }
            }
        }
    }

    @Test
    void showsTheCallerWhatChunksWroteAndChunksWhatTheCallerWrote() {
        long[] numbers = new long[64];
        try (Workers workers = new Workers(4)) {
            Workers.Task rotate = (chunk, worker) -> numbers[chunk]++;
            for (int i = 0; i < 5_000; i++) {
                workers.run(rotate, 64);
                for (int c = 0; c < 64; c++) {
                    numbers[c]++;
                }
            }
        }
        long[] expected = new long[64];
        Arrays.fill(expected, 10_000);
        assertArrayEquals(expected, numbers);
    }

    @Test
    void parkedHelpersWakeUp() {
        AtomicInteger sum = new AtomicInteger();
        try (Workers workers = new Workers(3)) {
            for (int i = 0; i < 30; i++) {
                LockSupport.parkNanos(i % 3 * 400_000L);
                workers.run((chunk, worker) -> sum.incrementAndGet(), 20);
            }
        }
        assertEquals(600, sum.get());
    }

    @Test
    void aHelperTakesChunksWhileTheCallerIsBusy() {
        CountDownLatch other = new CountDownLatch(1);
        try (Workers workers = new Workers(2)) {
            // Each of the two chunks waits for a thread in the other.
            CountDownLatch both = new CountDownLatch(2);
            workers.run((chunk, worker) -> {
                both.countDown();
                await(both);
                if (worker == 1) {
                    other.countDown();
                }
            }, 2);
        }
        assertEquals(0, other.getCount());
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void throwsWhatAChunkThrewAndGoesOn(int count) {
        try (Workers workers = new Workers(count)) {
            for (int i = 0; i < 500; i++) {
                int bad = i % 50;
                AtomicInteger running = new AtomicInteger();
                RuntimeException thrown = new IllegalArgumentException("chunk " + bad);
                Exception caught = assertThrows(IllegalArgumentException.class, () -> workers.run((chunk, worker) -> {
                    running.incrementAndGet();
                    try {
                        if (chunk == bad) {
                            throw thrown;
                        }
                    } finally {
                        running.decrementAndGet();
                    }
                }, 50));
                assertSame(thrown, caught);
                assertEquals(0, running.get(), "all chunks have stopped");
                AtomicInteger sum = new AtomicInteger();
                workers.run((chunk, worker) -> sum.addAndGet(chunk), 50);
                assertEquals(49 * 50 / 2, sum.get());
            }
        }
    }

    @Test
    void throwsOneOfManyAndErrorsToo() {
        try (Workers workers = new Workers(4)) {
            for (int i = 0; i < 200; i++) {
                assertThrows(IllegalArgumentException.class, () -> workers.run((chunk, worker) -> {
                    throw new IllegalArgumentException();
                }, 50));
                assertThrows(StackOverflowError.class, () -> workers.run((chunk, worker) -> {
                    throw new StackOverflowError();
                }, 50));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void rejectsATaskInsideATask(int count) {
        try (Workers workers = new Workers(count)) {
            Workers.Task inner = (chunk, worker) -> { };
            assertThrows(IllegalStateException.class, () -> workers.run((chunk, worker) -> workers.run(inner, 5), 5));
            workers.run(inner, 5);
        }
    }

    @Test
    void rejectsTasksOnceClosed() {
        Workers workers = new Workers(2);
        workers.run((chunk, worker) -> { }, 5);
        workers.close();
        workers.close();
        assertThrows(IllegalStateException.class, () -> workers.run((chunk, worker) -> { }, 5));
        assertThrows(IllegalArgumentException.class, () -> new Workers(0));
    }

    @Test
    void helpersEndWithThePool() throws InterruptedException {
        Thread[] helper = new Thread[1];
        try (Workers workers = new Workers(2)) {
            CountDownLatch both = new CountDownLatch(2);
            workers.run((chunk, worker) -> {
                both.countDown();
                await(both);
                if (worker == 1) {
                    helper[0] = Thread.currentThread();
                }
            }, 2);
            LockSupport.parkNanos(2_000_000);
        }
        assertNotNull(helper[0]);
        assertTrue(helper[0].isDaemon());
        helper[0].join();
        assertFalse(helper[0].isAlive());
    }

    @Test
    void runAllocatesNothing() {
        try (Workers workers = new Workers(2)) {
            int[] count = new int[2];
            Workers.Task task = (chunk, worker) -> count[worker]++;
            for (int i = 0; i < 100; i++) {
                workers.run(task, 16);
            }
            long before = Allocation.bytes();
            for (int i = 0; i < 1000; i++) {
                workers.run(task, 16);
            }
            long allocated = Allocation.bytes() - before;
            assertTrue(allocated < 4000, allocated + " bytes in 1000 calls");
        }
    }
}
