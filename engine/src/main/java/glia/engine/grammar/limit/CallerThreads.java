package glia.engine.grammar.limit;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;

/// A few threads for work of many callers. Callers take turns, and one has at most half of the threads.
public final class CallerThreads implements AutoCloseable {
    private final int mostOfCaller;
    private final ExecutorService threads;
    private final Map<String, Deque<FutureTask<?>>> waiting = new LinkedHashMap<>();
    private final Map<String, Integer> running = new HashMap<>();

    /// @param name what the names of the threads begin with
    /// @param numThreads at least 2
    public CallerThreads(String name, int numThreads) {
        this.mostOfCaller = Math.max(1, numThreads / 2);
        this.threads = Executors.newFixedThreadPool(numThreads, Thread.ofPlatform().daemon().name(name, 0).factory());
    }

    /// Half as many threads as there are processors, at least 2.
    public static int defaultCount() {
        return Math.max(2, Runtime.getRuntime().availableProcessors() / 2);
    }

    /// Runs work when its turn has come. Cancelling it interrupts its thread.
    ///
    /// @param caller whose work it is
    public void run(String caller, FutureTask<?> work) {
        synchronized (waiting) {
            waiting.computeIfAbsent(caller, _ -> new ArrayDeque<>()).add(work);
        }
        threads.execute(this::work);
    }

    /// Runs what waits: a caller that has enough threads comes when one of its pieces of work has ended.
    private void work() {
        for (Map.Entry<String, FutureTask<?>> next = next(); next != null; next = next()) {
            // An interrupt that ended the work before is not for this one.
            Thread.interrupted();
            next.getValue().run();
            synchronized (waiting) {
                running.merge(next.getKey(), -1, (a, b) -> a + b == 0 ? null : a + b);
            }
        }
    }

    /// The next piece of work of the caller whose turn it is; null if none may run.
    private Map.Entry<String, FutureTask<?>> next() {
        synchronized (waiting) {
            for (Iterator<Map.Entry<String, Deque<FutureTask<?>>>> all = waiting.entrySet().iterator();
                    all.hasNext();) {
                Map.Entry<String, Deque<FutureTask<?>>> one = all.next();
                String caller = one.getKey();
                if (running.getOrDefault(caller, 0) < mostOfCaller) {
                    FutureTask<?> work = one.getValue().poll();
                    all.remove();
                    if (!one.getValue().isEmpty()) {
                        // Behind all others.
                        waiting.put(caller, one.getValue());
                    }
                    running.merge(caller, 1, Integer::sum);
                    return Map.entry(caller, work);
                }
            }
            return null;
        }
    }

    /// Ends what runs.
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
