package glia.engine.schedule;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.sampling.SamplingOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// Passes besides generation: in turns by key, and between steps.
class PassesTest {
    @Test
    void keysTakeTurnsAndOneLeavesTheQueue() {
        TurnQueue<String> queue = new TurnQueue<>();
        for (String item : List.of("a1", "a2", "a3", "b1", "c1", "b2")) {
            queue.add(item.substring(0, 1), item);
        }
        assertTrue(queue.remove("a", "a2"));
        assertFalse(queue.remove("a", "a2"));
        assertEquals(2, queue.size("b"));
        List<String> order = new ArrayList<>();
        order.add(queue.poll());
        queue.add("a", "a4");
        for (String next = queue.poll(); next != null; next = queue.poll()) {
            order.add(next);
        }
        assertEquals(List.of("a1", "b1", "c1", "a3", "b2", "a4"), order);
        assertEquals(0, queue.size());
    }

    @Test
    void stepsGetTheTimeThatAPassHasHad() throws InterruptedException {
        PassQueue passes = new PassQueue();
        CountDownLatch waits = new CountDownLatch(1);
        Thread caller = Thread.ofVirtual().start(() -> passes.await("a", () -> 1, waits::countDown));
        waits.await();
        assertTrue(passes.isNext(true));
        passes.begin(1000);
        passes.end(1100);
        passes.stepped(60);
        assertFalse(passes.isNext(true));
        passes.stepped(60);
        assertTrue(passes.isNext(true));
        passes.begin(2000);
        passes.end(9000);
        assertTrue(passes.isNext(false), "where nothing is generated, nothing is owed");
        passes.runNext();
        caller.join();
        assertTrue(passes.isEmpty());
    }

    /// Many callers do not come one after the other between two tokens of a stream.
    @Test
    void aStreamGoesOnBetweenTwoPasses() throws InterruptedException {
        AtomicInteger tokens = new AtomicInteger();
        List<Integer> atPass = Collections.synchronizedList(new ArrayList<>());
        List<Thread> callers = new ArrayList<>();
        try (Harness h = new Harness("/golden/llama")) {
            Scheduler scheduler = h.open();
            Runnable pass = () -> scheduler.inTurn("key", () -> atPass.add(tokens.get()));
            for (int i = 0; i < 8; i++) {
                callers.add(Thread.ofPlatform().unstarted(pass));
            }
            scheduler.submit(h.request(new int[3]).sampling(SamplingOptions.greedy()).maxTokens(300)
                    .listener((_, _, _) -> {
                        if (tokens.incrementAndGet() == 3) {
                            callers.forEach(Thread::start);
                            while (callers.stream().anyMatch(t -> t.getState() != Thread.State.WAITING)) {
                                Thread.onSpinWait();
                            }
                        }
                        return true;
                    }).build()).await();
            for (Thread caller : callers) {
                caller.join();
            }
        }
        assertEquals(8, atPass.size());
        assertEquals(8, atPass.stream().distinct().count(), "passes without a token between them: " + atPass);
    }

    /// Steps and other passes run in the middle of a long pass; its caller gets its result, or its exception.
    @Test
    void aLongPassServesOthers() throws InterruptedException {
        try (Harness h = new Harness("/golden/llama")) {
            Scheduler scheduler = h.open();
            List<String> order = Collections.synchronizedList(new ArrayList<>());
            Thread[] other = new Thread[1];
            Generation[] stream = new Generation[1];
            Thread caller = Thread.ofVirtual().start(() -> assertEquals("done", scheduler.inTurn("a", () -> {
                stream[0] = scheduler.submit(h.request(new int[3]).sampling(SamplingOptions.greedy()).maxTokens(20)
                        .build());
                while (!stream[0].isDone()) {
                    scheduler.serveOthers();
                }
                order.add("stream");
                other[0] = Thread.ofPlatform().start(() -> scheduler.inTurn("b", () -> order.add("other")));
                while (other[0].isAlive()) {
                    scheduler.serveOthers();
                }
                order.add("first");
                return "done";
            })));
            caller.join();
            assertEquals(List.of("stream", "other", "first"), order);
            assertThrows(UnsupportedOperationException.class, () -> scheduler.inTurn("a", () -> List.of().remove(0)));
        }
    }

    /// Metrics are read while a step takes long: the thread that computes waits here for another that reads.
    @Test
    void theLoadIsKnownInTheMiddleOfAStep() {
        try (Harness h = new Harness("/golden/llama")) {
            Scheduler scheduler = h.open();
            List<Scheduler.Load> loads = Collections.synchronizedList(new ArrayList<>());
            scheduler.submit(h.request(new int[3]).sampling(SamplingOptions.greedy()).maxTokens(1)
                    .listener((_, _, _) -> {
                        Thread reader = Thread.ofPlatform().start(() -> loads.add(scheduler.load()));
                        return assertDoesNotThrow(() -> reader.join(Duration.ofSeconds(20)));
                    }).build()).await();
            assertEquals(List.of(1), loads.stream().map(Scheduler.Load::numRunning).toList());
            assertTrue(loads.getFirst().numWaiting() == 0 && loads.getFirst().usedBytes() > 0, loads.toString());
            assertEquals(new Scheduler.Load(0, 0, 0, 0), scheduler.load());
        }
    }

    /// A lock is held by one thread, and those that wait get it in turns by key.
    @Test
    void aLockIsPassedOnInTurns() throws InterruptedException {
        TurnLock lock = new TurnLock();
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        assertTrue(lock.lock("z", () -> true));
        assertFalse(lock.lock("a", () -> false), "a caller that has gone");
        List<Thread> threads = new ArrayList<>();
        for (String name : List.of("a1", "a2", "b1")) {
            CountDownLatch waits = new CountDownLatch(1);
            threads.add(Thread.ofVirtual().start(() -> {
                try {
                    lock.lock(name.substring(0, 1), () -> {
                        waits.countDown();
                        return true;
                    });
                    order.add(name);
                    lock.unlock();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }));
            waits.await();
        }
        lock.unlock();
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of("a1", "b1", "a2"), order);
    }
}
