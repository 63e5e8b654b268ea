package glia.engine.grammar.limit;

import glia.engine.schedule.TurnQueue;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;

/// A few threads for work of many callers. Callers take turns, and one has at most half of the threads.
public final class CallerThreads implements AutoCloseable {
    private final int mostOfCaller;
    private final ExecutorService threads;
    /// Work with its caller. Guards `running`.
    private final TurnQueue<Map.Entry<String, FutureTask<?>>> waiting = new TurnQueue<>();
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
        waiting.add(caller, Map.entry(caller, work));
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
            Map.Entry<String, FutureTask<?>> next = waiting.poll(
                    caller -> running.getOrDefault(caller, 0) < mostOfCaller);
            if (next != null) {
                running.merge(next.getKey(), 1, Integer::sum);
            }
            return next;
        }
    }

    /// Ends what runs.
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
