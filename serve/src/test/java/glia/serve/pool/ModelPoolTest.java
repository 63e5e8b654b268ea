package glia.serve.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.serve.pool.ModelCatalogue.ModelSource;
import glia.serve.request.ServeException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Loading on demand, eviction and leases, with real small models whose sizes are claimed.
class ModelPoolTest {
    private static final long MIB = 1L << 20;

    private final List<String> loads = Collections.synchronizedList(new ArrayList<>());
    private final List<LanguageModel> loaded = Collections.synchronizedList(new ArrayList<>());
    private ModelPool pool;

    @AfterEach
    void close() {
        if (pool != null) {
            pool.close();
            loaded.forEach(model -> assertThrows(IllegalStateException.class, model::generator, "is closed"));
        }
    }

    /// The story model under a name, with a size.
    private ModelSource source(String name, long mebibytes) {
        return new ModelSource() {
            @Override
            public long weightBytes() {
                return mebibytes * MIB;
            }

            @Override
            public LanguageModel load() throws IOException {
                loads.add(name);
                LanguageModel model = LanguageModel.load("stories260K");
                loaded.add(model);
                return model;
            }
        };
    }

    /// A pool of models of 100 MiB, which take 164 MiB with their least KV cache.
    private ModelPool pool(long mebibytes, String... names) {
        pool = new ModelPool(ModelPool.PoolOptions.defaults().withMemory(mebibytes * MIB), ModelCatalogue.EMPTY);
        for (String name : names) {
            pool.add(name, source(name, 100));
        }
        return pool;
    }

    private void use(String name) {
        pool.lease(name).close();
    }

    private static void await(Check check) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!check.holds()) {
            assertTrue(System.nanoTime() < end, "it never came true");
            Thread.sleep(5);
        }
    }

    private interface Check {
        boolean holds() throws Exception;
    }

    private static boolean waitsForAttempt(Thread thread) {
        return thread.getState() == Thread.State.WAITING && Arrays.stream(thread.getStackTrace()).anyMatch(at ->
                at.getClassName().equals(ModelPool.class.getName()) && at.getMethodName().equals("await"));
    }

    private List<String> loadedNames() {
        return pool.all().stream().map(ModelCatalogue.ServedModel::name).toList();
    }

    @Test
    void aModelIsLoadedWhenItIsRequestedAndStays() {
        pool(1000, "a", "b");
        assertEquals(List.of(), loads);
        use("b");
        use("b");
        use("");
        assertEquals(List.of("b", "a"), loads);
        assertEquals(List.of("a", "b"), loadedNames());
    }

    @Test
    void theLeastRecentlyUsedIdleModelGivesWay() {
        pool(2 * 164, "a", "b", "c");
        use("a");
        use("b");
        use("a");
        use("c");
        assertEquals(List.of("a", "c"), loadedNames());
        try (var lease = pool.lease("a")) {
            use("b");
            assertEquals(List.of("a", "b"), loadedNames());
            assertEquals("a", lease.served().name());
        }
        assertEquals(List.of("a", "b", "c", "b"), loads);
    }

    @Test
    void aModelInUseIsNeverClosedAndTheOtherRequestIsRefused() {
        pool(200, "a", "b");
        try (var lease = pool.lease("a")) {
            ServeException e = assertThrows(ServeException.class, () -> pool.lease("b"));
            assertEquals(503, e.status());
            assertEquals("the model 'b' needs 164 MiB for its weights and the least KV cache; found 36 MiB free of 200 "
                    + "MiB, and the models that have the rest are in use; try again later", e.getMessage());
            lease.served().model().generator().close();
        }
        use("b");
        assertEquals(List.of("b"), loadedNames());
    }

    @Test
    void aModelThatNeverFitsClosesNoOther() {
        pool(300, "a");
        pool.add("big", source("big", 1000));
        use("a");
        ServeException e = assertThrows(ServeException.class, () -> pool.lease("big"));
        assertEquals(503, e.status());
        assertTrue(e.getMessage().contains("needs 1064 MiB") && e.getMessage().contains("--memory"), e.getMessage());
        assertEquals(List.of("a"), loadedNames());
    }

    @Test
    void concurrentRequestsLoadAModelOnceAndOthersAnswerMeanwhile() throws Exception {
        pool(1000, "a");
        CountDownLatch mayLoad = new CountDownLatch(1);
        ModelSource slow = source("slow", 100);
        pool.add("slow", new ModelSource() {
            @Override
            public long weightBytes() throws IOException {
                return slow.weightBytes();
            }

            @Override
            public LanguageModel load() throws IOException {
                try {
                    mayLoad.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                return slow.load();
            }
        });
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<ModelPool.Lease>> waiting = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                waiting.add(threads.submit(() -> pool.lease("slow")));
            }
            use("a");
            assertTrue(waiting.stream().noneMatch(Future::isDone));
            mayLoad.countDown();
            LanguageModel model = waiting.getFirst().get().served().model();
            for (Future<ModelPool.Lease> lease : waiting) {
                assertSame(model, lease.get().served().model());
                lease.get().close();
            }
        }
        assertEquals(List.of("a", "slow"), loads.stream().sorted().toList());
    }

    @Test
    void aFailingLoadIsReportedToAllThatWaitAndTriedAgainLater() throws Exception {
        pool(1000);
        ModelSource good = source("x", 100);
        CountDownLatch mayFail = new CountDownLatch(1);
        List<Integer> attempts = Collections.synchronizedList(new ArrayList<>());
        pool.add("x", new ModelSource() {
            @Override
            public long weightBytes() throws IOException {
                return good.weightBytes();
            }

            @Override
            public LanguageModel load() throws IOException {
                attempts.add(1);
                if (attempts.size() > 1) {
                    return good.load();
                }
                try {
                    mayFail.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                throw new IOException("model.gguf ends at byte 7");
            }
        });
        try (ExecutorService threads = Executors.newFixedThreadPool(5)) {
            List<Future<ModelPool.Lease>> waiting = new ArrayList<>();
            List<Thread> callers = Collections.synchronizedList(new ArrayList<>());
            for (int i = 0; i < 5; i++) {
                waiting.add(threads.submit(() -> {
                    callers.add(Thread.currentThread());
                    return pool.lease("x");
                }));
            }
            await(() -> callers.size() == 5
                    && callers.stream().allMatch(ModelPoolTest::waitsForAttempt));
            mayFail.countDown();
            for (Future<ModelPool.Lease> lease : waiting) {
                var e = assertThrows(ExecutionException.class, lease::get).getCause();
                assertEquals(500, ((ServeException) e).status());
                assertEquals("the model 'x' cannot be loaded: model.gguf ends at byte 7", e.getMessage());
            }
        }
        assertEquals(1, attempts.size());
        use("x");
        assertEquals(List.of("x"), loadedNames());
    }

    @Test
    void anIdleModelIsUnloadedAfterItsTime() throws Exception {
        pool(1000, "a", "b");
        try (var lease = pool.lease("a")) {
            lease.keepAlive(new KeepAlive(Duration.ZERO));
            Thread.sleep(300);
            assertEquals(List.of("a"), loadedNames(), "in use");
        }
        await(() -> loadedNames().isEmpty());
        try (var lease = pool.lease("b")) {
            lease.keepAlive(new KeepAlive(Duration.ofHours(1)));
        }
        ModelPool.Entry entry = pool.entry("b");
        long left = Duration.between(Instant.now(), entry.expires().orElseThrow()).toSeconds();
        assertTrue(left > 3500 && left <= 3600, left + " s");
        try (var lease = pool.lease("b")) {
            lease.keepAlive(KeepAlive.FOR_EVER);
        }
        assertEquals(Optional.empty(), pool.entry("b").expires());
    }

    /// A model that is in memory but cannot be used: here one whose share of the memory cannot be set.
    @Test
    void aModelThatWasLoadedInVainIsClosed() {
        pool(1000, "a", "b");
        use("a");
        loaded.getFirst().close();
        assertEquals(500, assertThrows(ServeException.class, () -> pool.lease("b")).status());
        LanguageModel lost = loaded.get(1);
        assertThrows(IllegalStateException.class, lost::generator, "is closed");
        assertEquals(List.of("a"), loadedNames());
    }

    /// Whatever fails while expired models are looked for, the others are closed.
    @Test
    void afterAFailureIdleModelsAreStillUnloaded() throws Exception {
        pool(1000, "a", "b");
        use("a");
        try (var lease = pool.lease("b")) {
            lease.keepAlive(null);
        }
        Thread.sleep(300);
        try (var lease = pool.lease("a")) {
            lease.keepAlive(new KeepAlive(Duration.ZERO));
        }
        await(() -> loadedNames().equals(List.of("b")));
    }

    @Test
    void namesOfRequestsAreOnlyNames() {
        pool(1000, "a");
        pool.alias("gpt-4", "a");
        assertEquals("gpt-4", pool.lease("gpt-4").served().name());
        assertEquals("a:latest", pool.lease("a:latest").served().name());
        assertEquals(List.of("a", "gpt-4"), pool.names());
        for (String name : List.of("/etc/passwd", "../a", ".", "a:b", "A", "a ", ":", "a:", ":latest", "reasoner")) {
            ServeException e = assertThrows(ServeException.class, () -> pool.lease(name), name);
            assertEquals(404, e.status());
        }
        assertEquals(List.of("a"), loads);
    }

    @Test
    void theKvCachesShareWhatTheWeightsLeave() {
        pool(1000, "a", "b");
        try (var a = pool.lease("a")) {
            assertEquals(900 * MIB, a.served().model().engine().pool().limitBytes());
            try (var b = pool.lease("b")) {
                assertEquals(400 * MIB, a.served().model().engine().pool().limitBytes());
                assertEquals(400 * MIB, b.served().model().engine().pool().limitBytes());
            }
        }
    }

    @Test
    void aClosedPoolLendsNothing() {
        pool(1000, "a");
        var lease = pool.lease("a");
        pool.close();
        assertEquals(503, assertThrows(ServeException.class, () -> pool.lease("a")).status());
        lease.close();
        assertFalse(loads.isEmpty());
    }

    @ParameterizedTest
    @CsvSource({"5m,300000", "90s,90000", "1h30m,5400000", "300,300000", "0,0", "1.5s,1500", "250ms,250"})
    void durationsAreReadAsOllamaWritesThem(String text, long millis) {
        assertEquals(Duration.ofMillis(millis), KeepAlive.parse(text).duration());
        assertEquals(Duration.ofMillis(millis), KeepAlive.of((Object) text).duration());
    }

    @Test
    void numbersAreSecondsAndLessThanZeroIsForEver() {
        assertEquals(Duration.ofSeconds(30), KeepAlive.of(30).duration());
        assertEquals(Duration.ofMillis(1500), KeepAlive.of(1.5).duration());
        assertTrue(KeepAlive.of(-1).isForEver());
        assertTrue(KeepAlive.parse("-1m").isForEver());
        assertFalse(KeepAlive.parse("-0").isForEver());
    }

    /// Times beyond those that nanoseconds count, which no clock reaches.
    @ParameterizedTest
    @ValueSource(strings = {"2562048h", "999999999h", "999999999h999999999h"})
    void timesOfCenturiesAreForEver(String text) throws Exception {
        pool(1000, "a", "b");
        try (var lease = pool.lease("a")) {
            lease.keepAlive(KeepAlive.of((Object) text));
        }
        assertEquals(Optional.empty(), pool.entry("a").expires());
        try (var lease = pool.lease("b")) {
            lease.keepAlive(KeepAlive.of(1e300));
            lease.keepAlive(KeepAlive.of(0.001));
        }
        // The thread that closes expired models goes on.
        await(() -> loadedNames().equals(List.of("a")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "m", "5x", "5m ", "1m-", "1e9", "99999999999999999999m", "--1"})
    void otherTextsAreRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> KeepAlive.parse(text));
        assertEquals(400, assertThrows(ServeException.class, () -> KeepAlive.of((Object) text)).status());
        assertEquals(400, assertThrows(ServeException.class, () -> KeepAlive.of(List.of(text))).status());
    }
}
