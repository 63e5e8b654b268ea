package glia.serve.request;

import glia.engine.call.HeavyWork;
import glia.engine.grammar.limit.CallerThreads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// Runs what takes much processor time before an answer is generated, such as compiling a grammar or tokenizing a long
/// text, on a few threads of its own. The threads of requests, which are virtual, share as many carriers as there are
/// processors: work on them would stop `/health` and all streams.
///
/// Callers take turns, and one has at most half of the threads. Work ends by interruption when its client has gone, the
/// request's time is over, or it has run for [#LONGEST].
public final class CpuPool implements AutoCloseable {
    /// The longest time that one piece of work may run.
    public static final Duration LONGEST = Duration.ofSeconds(20);
    /// Requests and texts of so many bytes or characters are read at once, on the thread of the request.
    private static final int SMALL = 16 << 10;
    /// The time between two checks of whether the client is still there.
    private static final long CHECK_MILLIS = 50;

    private final CallerThreads threads;

    /// @param numThreads at least 2
    public CpuPool(int numThreads) {
        this.threads = new CallerThreads("glia-request-", numThreads);
    }

    /// A pool of half as many threads as there are processors, at least 2.
    public CpuPool() {
        this(CallerThreads.defaultCount());
    }

    /// Whose work it is.
    ///
    /// @param caller callers take turns
    /// @param isWanted asked while the work waits or runs: false ends it
    /// @param end when the request's time is over, in nanoseconds of the clock
    private record Client(CpuPool pool, String caller, BooleanSupplier isWanted, long end, AtomicLong bytes)
            implements HeavyWork.Place {
        /// On the thread of the request where the text and the request are short.
        ///
        /// @throws ServeException if it takes too long, or no thread is free in the request's time
        /// @throws UncheckedIOException if the client has gone
        @Override
        public <T> T run(long size, Supplier<T> work) {
            return size <= SMALL && bytes.get() <= SMALL ? work.get() : pool.await(this, work);
        }
    }

    private static final class Job<T> extends FutureTask<T> {
        /// When it began to run, in nanoseconds of the clock; 0 if it waits.
        volatile long begin;

        Job(Callable<T> work) {
            super(work);
        }

        @Override
        public void run() {
            begin = System.nanoTime();
            super.run();
        }

        boolean isOver(long now) {
            return begin != 0 && now - begin > LONGEST.toNanos();
        }
    }

    /// Serves a request: what it gives to [HeavyWork] runs on this pool.
    ///
    /// @param caller whose request it is
    /// @param isWanted whether the client still waits
    /// @param longest the time of the request
    public void serve(String caller, BooleanSupplier isWanted, Duration longest,
            ScopedValue.CallableOp<?, Exception> to) throws Exception {
        ScopedValue.where(HeavyWork.PLACE, new Client(this, caller, isWanted, System.nanoTime() + longest.toNanos(),
                new AtomicLong())).call(to);
    }

    /// Tells the size of the body of the current request.
    public static void ofBytes(long count) {
        if (HeavyWork.PLACE.isBound() && HeavyWork.PLACE.get() instanceof Client client) {
            client.bytes.set(count);
        }
    }

    private <T> T await(Client client, Supplier<T> work) {
        Job<T> job = new Job<>(work::get);
        threads.run(client.caller, job);
        try {
            while (true) {
                try {
                    return job.get(CHECK_MILLIS, TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    check(client, job);
                }
            }
        } catch (ExecutionException e) {
            throw failure(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ServeException.stopping();
        } finally {
            job.cancel(true);
        }
    }

    private static void check(Client client, Job<?> job) {
        if (!client.isWanted.getAsBoolean()) {
            throw new UncheckedIOException(new IOException("the client went before its request was read"));
        }
        long now = System.nanoTime();
        boolean isLate = now - client.end > 0;
        if (isLate && job.begin == 0) {
            throw new ServeException(503, "overloaded_error", "", "other requests take all threads that read large "
                    + "requests; try again later");
        }
        if (isLate || job.isOver(now)) {
            throw ServeException.badRequest("reading the request, its prompt, tools or grammar, takes longer than "
                    + (isLate ? "--request-timeout" : LONGEST.toSeconds() + " s") + "; make them smaller");
        }
    }

    private static RuntimeException failure(Throwable cause) {
        if (cause instanceof Error e) {
            throw e;
        }
        return cause instanceof RuntimeException e ? e : new IllegalStateException(cause);
    }

    /// Ends what runs.
    @Override
    public void close() {
        threads.close();
    }
}
