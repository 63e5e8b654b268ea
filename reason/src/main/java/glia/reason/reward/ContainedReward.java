package glia.reason.reward;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/// A reward with a time limit whose failures are counted and scored as empty: until it is closed, it never throws,
/// never hangs and never returns a value that is not finite.
///
/// Scores are computed on daemon threads of its own. A call that exceeds the limit is interrupted; its thread counts
/// as occupied until it really ends. At most [#MAX_THREADS] threads exist, so calls that ignore interrupts cannot pile
/// up: once all threads are occupied, further calls wait for at most the time limit and then count as
/// [Outcome#SATURATED].
public final class ContainedReward implements Reward, AutoCloseable {
    /// The largest number of threads of one contained reward.
    public static final int MAX_THREADS = 16;
    /// The time limit of most rewards.
    public static final Duration DEFAULT_LIMIT = Duration.ofSeconds(10);

    /// What fits a number of nanoseconds.
    private static final Duration LONGEST = Duration.ofDays(10_000);
    private static final long STACK_BYTES = 1 << 20;
    private static final long IDLE_SECONDS = 5;

    /// How a call ended.
    public enum Outcome {
        /// With a finite score.
        SCORED,
        /// The reward does not apply.
        EMPTY,
        /// The time limit was exceeded.
        TIMED_OUT,
        /// An exception or error was thrown.
        THREW,
        /// The score was infinite or NaN.
        NOT_FINITE,
        /// All threads were occupied by earlier calls that hang.
        SATURATED,
        /// The calling thread was interrupted while it waited.
        INTERRUPTED
    }

    private final Reward reward;
    private final Duration limit;
    private final Map<Outcome, AtomicLong> counts = new EnumMap<>(Outcome.class);
    private final AtomicReference<String> lastFailure = new AtomicReference<>();
    private final Semaphore free = new Semaphore(MAX_THREADS);
    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(0, MAX_THREADS + 1, IDLE_SECONDS,
            TimeUnit.SECONDS, new SynchronousQueue<>(), daemons());

    /// With the [limit of the reward][Reward#timeLimit].
    public ContainedReward(Reward reward) {
        this(reward, reward.timeLimit());
    }

    /// @param limit the longest time of one call
    /// @throws IllegalArgumentException if the limit is not positive
    public ContainedReward(Reward reward, Duration limit) {
        if (limit.isNegative() || limit.isZero()) {
            throw new IllegalArgumentException("the time limit is " + limit + ", expected a positive duration");
        }
        this.reward = reward;
        this.limit = limit.compareTo(LONGEST) < 0 ? limit : LONGEST;
        for (Outcome outcome : Outcome.values()) {
            counts.put(outcome, new AtomicLong());
        }
    }

    private static ThreadFactory daemons() {
        return task -> {
            Thread thread = new Thread(null, task, "reward", STACK_BYTES);
            thread.setDaemon(true);
            return thread;
        };
    }

    @Override
    public OptionalDouble score(Sample sample) {
        FutureTask<Result> task = new FutureTask<>(() -> result(sample));
        try {
            if (!free.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                return failed(Outcome.SATURATED, "all " + MAX_THREADS + " threads are occupied by calls that hang");
            }
            start(task);
            Result result = task.get(limit.toNanos(), TimeUnit.NANOSECONDS);
            return result.thrown().isPresent() ? failed(Outcome.THREW, shown(result.thrown().get()))
                    : counted(result.score());
        } catch (TimeoutException e) {
            return failed(Outcome.TIMED_OUT, "no score within " + limit.toMillis() + " ms");
        } catch (ExecutionException e) {
            return failed(Outcome.THREW, shown(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed(Outcome.INTERRUPTED, "the calling thread was interrupted");
        } finally {
            task.cancel(true);
        }
    }

    /// What a call returned or threw. An [ExecutionException] would call methods of what was thrown.
    private record Result(OptionalDouble score, Optional<Throwable> thrown) { }

    private Result result(Sample sample) {
        try {
            return new Result(reward.score(sample), Optional.empty());
        } catch (Throwable e) {
            return new Result(OptionalDouble.empty(), Optional.of(e));
        }
    }

    /// What an exception says; its class alone if it cannot say it.
    private static String shown(Throwable thrown) {
        try {
            return String.valueOf(thrown);
        } catch (RuntimeException | StackOverflowError e) {
            return thrown.getClass().getName();
        }
    }

    private void start(FutureTask<Result> task) {
        boolean started = false;
        try {
            threads.execute(() -> {
                try {
                    task.run();
                } finally {
                    free.release();
                }
            });
            started = true;
        } catch (RejectedExecutionException e) {
            throw new IllegalStateException("this reward is closed", e);
        } finally {
            if (!started) {
                free.release();
            }
        }
    }

    private OptionalDouble counted(OptionalDouble score) {
        if (score == null) {
            return failed(Outcome.THREW, "the reward returned null");
        }
        if (score.isPresent() && !Double.isFinite(score.getAsDouble())) {
            return failed(Outcome.NOT_FINITE, "the score is " + score.getAsDouble());
        }
        counts.get(score.isPresent() ? Outcome.SCORED : Outcome.EMPTY).incrementAndGet();
        return score;
    }

    private OptionalDouble failed(Outcome outcome, String message) {
        counts.get(outcome).incrementAndGet();
        lastFailure.set(outcome + ": " + message);
        return OptionalDouble.empty();
    }

    /// The number of calls by outcome, zeros included.
    public Map<Outcome, Long> counts() {
        Map<Outcome, Long> copy = new EnumMap<>(Outcome.class);
        counts.forEach((outcome, count) -> copy.put(outcome, count.get()));
        return copy;
    }

    /// The number of calls that ended neither with a score nor as not applicable.
    public long failures() {
        return counts().entrySet().stream().filter(e -> e.getKey() != Outcome.SCORED && e.getKey() != Outcome.EMPTY)
                .mapToLong(Map.Entry::getValue).sum();
    }

    /// What the last failed call said.
    public Optional<String> lastFailure() {
        return Optional.ofNullable(lastFailure.get());
    }

    /// The number of threads that are occupied, those of abandoned calls included.
    public int occupiedThreads() {
        return MAX_THREADS - free.availablePermits();
    }

    /// Interrupts all calls and closes the reward. Idle threads end by themselves, too.
    @Override
    public void close() {
        threads.shutdownNow();
        reward.close();
    }
}
