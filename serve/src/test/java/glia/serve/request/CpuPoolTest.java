package glia.serve.request;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.call.GrammarCache;
import glia.engine.call.HeavyWork;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Turns of callers, and the end of work whose client has gone.
@Timeout(60)
class CpuPoolTest {
    private static final Duration LONG = Duration.ofMinutes(10);

    private static <T> T serve(CpuPool pool, String caller, BooleanSupplier isWanted, Duration longest,
            Supplier<T> request) throws Exception {
        List<T> result = new CopyOnWriteArrayList<>();
        pool.serve(caller, isWanted, longest, () -> {
            result.add(request.get());
            return null;
        });
        return result.getFirst();
    }

    private static CompletableFuture<String> begin(CpuPool pool, String caller, Supplier<String> work) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return serve(pool, caller, () -> true, LONG, () -> HeavyWork.run(work));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }, task -> Thread.ofVirtual().start(task));
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }

    /// One caller's work runs on one of two threads; another's runs beside it, before what the first one sent earlier.
    @Test
    void callersTakeTurns() throws Exception {
        try (CpuPool pool = new CpuPool(2)) {
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch goesOn = new CountDownLatch(1);
            List<String> order = new CopyOnWriteArrayList<>();
            CompletableFuture<String> first = begin(pool, "a", () -> {
                begun.countDown();
                await(goesOn);
                order.add("first");
                return "first";
            });
            await(begun);
            CompletableFuture<String> second = begin(pool, "a", () -> {
                order.add("second");
                return "second";
            });
            assertEquals("other", begin(pool, "b", () -> "other").get());
            assertFalse(first.isDone());
            assertFalse(second.isDone());
            goesOn.countDown();
            assertEquals("second", second.get());
            assertEquals(List.of("first", "second"), order);
        }
    }

    @Test
    void workEndsWhenItsClientHasGone() throws Exception {
        try (CpuPool pool = new CpuPool(2)) {
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch interrupted = new CountDownLatch(1);
            Supplier<Object> work = () -> {
                begun.countDown();
                try {
                    return new CountDownLatch(1).await(1, java.util.concurrent.TimeUnit.HOURS);
                } catch (InterruptedException e) {
                    interrupted.countDown();
                    return null;
                }
            };
            assertThrows(UncheckedIOException.class, () -> serve(pool, "a", () -> begun.getCount() > 0, LONG,
                    () -> HeavyWork.run(work)));
            await(interrupted);
            assertEquals("next", begin(pool, "a", () -> "next").get());
        }
    }

    @Test
    void workEndsWithTheTimeOfTheRequest() throws Exception {
        try (CpuPool pool = new CpuPool(2)) {
            CountDownLatch never = new CountDownLatch(1);
            CountDownLatch begun = new CountDownLatch(1);
            begin(pool, "a", () -> {
                begun.countDown();
                await(never);
                return "";
            });
            await(begun);
            ServeException waiting = assertThrows(ServeException.class, () -> serve(pool, "a", () -> true,
                    Duration.ZERO, () -> HeavyWork.run(() -> "")));
            assertEquals(503, waiting.status());
            ServeException running = assertThrows(ServeException.class, () -> serve(pool, "b", () -> true,
                    Duration.ZERO, () -> HeavyWork.run(() -> {
                        await(never);
                        return "";
                    })));
            assertEquals(400, running.status());
            assertTrue(running.getMessage().contains("--request-timeout"), running.getMessage());
        }
    }

    @Test
    void smallWorkStaysOnTheThreadOfTheRequest() throws Exception {
        try (CpuPool pool = new CpuPool(2)) {
            Thread own = Thread.currentThread();
            assertSame(own, serve(pool, "a", () -> true, LONG, () -> HeavyWork.run(10, Thread::currentThread)));
            assertNotSame(own, serve(pool, "a", () -> true, LONG, () -> HeavyWork.run(1 << 20, Thread::currentThread)));
            assertNotSame(own, serve(pool, "a", () -> true, LONG, () -> {
                CpuPool.ofBytes(1 << 20);
                return HeavyWork.run(10, Thread::currentThread);
            }));
            // A grammar of few characters may take long.
            assertNotSame(own, serve(pool, "a", () -> true, LONG, () ->
                    GrammarCache.get(null, Thread.class, "a grammar", Thread::currentThread)));
            assertSame(own, HeavyWork.run(1 << 20, Thread::currentThread));
            assertThrows(IllegalArgumentException.class, () -> serve(pool, "a", () -> true, LONG, () ->
                    HeavyWork.run(() -> {
                        throw new IllegalArgumentException("of the work");
                    })));
        }
    }
}
