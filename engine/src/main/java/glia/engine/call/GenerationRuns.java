package glia.engine.call;

import glia.engine.answer.AnswerReceiver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;

/// Runs the calls of one request at the same time, so that they share the passes of the scheduler.
public final class GenerationRuns {
    /// The most calls of a request that are submitted at a time.
    private static final int MOST_AT_A_TIME = 32;

    private GenerationRuns() { }

    /// Runs all calls. Their receivers are called one at a time, on threads of this method.
    ///
    /// @param receivers by the index of the run
    /// @param isWanted asked between events: false cancels all answers
    /// @throws RuntimeException the first failure; all answers are cancelled then
    public static void run(List<GenerationRun> runs, IntFunction<AnswerReceiver> receivers, BooleanSupplier isWanted) {
        if (runs.size() == 1) {
            runs.getFirst().run(receivers.apply(0), isWanted);
            return;
        }
        Lock lock = new ReentrantLock();
        runs.forEach(run -> run.lockedBy(lock));
        AtomicInteger next = new AtomicInteger();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Runnable worker = () -> {
            int i = next.getAndIncrement();
            while (i < runs.size() && failure.get() == null) {
                try {
                    runs.get(i).run(receivers.apply(i),
                            () -> failure.get() == null && isWanted.getAsBoolean());
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                }
                i = next.getAndIncrement();
            }
        };
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < Math.min(MOST_AT_A_TIME, runs.size()); i++) {
            threads.add(Thread.ofVirtual().name("glia-run-" + i).start(worker));
        }
        join(threads, failure);
        if (failure.get() instanceof Error e) {
            throw e;
        }
        if (failure.get() instanceof RuntimeException e) {
            throw e;
        }
    }

    private static void join(List<Thread> threads, AtomicReference<Throwable> failure) {
        for (Thread thread : threads) {
            boolean isDone = false;
            while (!isDone) {
                try {
                    thread.join();
                    isDone = true;
                } catch (InterruptedException e) {
                    failure.compareAndSet(null, new CancellationException("the answer was ended"));
                }
            }
        }
    }
}
