package glia.reason.reward;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
    private final AtomicReference<String> firstFailure = new AtomicReference<>();
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
        return call(List.of(sample)).getFirst();
    }

    /// Scores batches of the reward's size, several at a time where it allows that. If a batch fails, all its scores
    /// are empty, and each counts as a failure.
    @Override
    public List<OptionalDouble> scores(List<Sample> samples) {
        int size = reward.batching().size();
        List<List<Sample>> batches = new ArrayList<>();
        for (int i = 0; i < samples.size(); i += size) {
            batches.add(samples.subList(i, Math.min(samples.size(), i + size)));
        }
        int parallel = Math.min(reward.batching().parallel(), MAX_THREADS);
        if (parallel == 1 || batches.size() < 2) {
            return batches.stream().flatMap(batch -> call(batch).stream()).toList();
        }
        try (ExecutorService callers = Executors.newFixedThreadPool(parallel, Thread.ofVirtual().factory())) {
            List<Future<List<OptionalDouble>>> calls = batches.stream()
                    .map(batch -> callers.submit(() -> call(batch))).toList();
            return calls.stream().flatMap(call -> joined(call).stream()).toList();
        }
    }

    private static List<OptionalDouble> joined(Future<List<OptionalDouble>> call) {
        try {
            return call.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while rewards were scored", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private List<OptionalDouble> call(List<Sample> samples) {
        FutureTask<Result> task = new FutureTask<>(() -> result(samples));
        int count = samples.size();
        try {
            if (!free.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                return failed(count, Outcome.SATURATED, "all " + MAX_THREADS + " threads are occupied by calls that "
                        + "hang");
            }
            start(task);
            Result result = task.get(limit.toNanos(), TimeUnit.NANOSECONDS);
            return result.thrown().isPresent() ? failed(count, Outcome.THREW, shown(result.thrown().get()))
                    : counted(count, result.scores());
        } catch (TimeoutException e) {
            return failed(count, Outcome.TIMED_OUT, "no score within " + limit.toMillis() + " ms");
        } catch (ExecutionException e) {
            return failed(count, Outcome.THREW, shown(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed(count, Outcome.INTERRUPTED, "the calling thread was interrupted");
        } finally {
            task.cancel(true);
        }
    }

    /// What a call returned or threw. An [ExecutionException] would call methods of what was thrown.
    private record Result(List<OptionalDouble> scores, Optional<Throwable> thrown) { }

    private Result result(List<Sample> samples) {
        try {
            return new Result(samples.size() > 1 ? reward.scores(samples)
                    : Collections.singletonList(reward.score(samples.getFirst())), Optional.empty());
        } catch (Throwable e) {
            return new Result(List.of(), Optional.of(e));
        }
    }

    /// What an exception says: of a wrong argument its message, of others their class too; the class alone if it
    /// cannot say it.
    private static String shown(Throwable thrown) {
        try {
            return thrown instanceof IllegalArgumentException && thrown.getMessage() != null ? thrown.getMessage()
                    : String.valueOf(thrown);
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

    private List<OptionalDouble> counted(int count, List<OptionalDouble> scores) {
        if (scores == null || scores.size() != count) {
            return failed(count, Outcome.THREW, "the reward returned " + (scores == null ? "null" : scores.size()
                    + " scores for " + count + " completions"));
        }
        List<OptionalDouble> checked = new ArrayList<>();
        for (OptionalDouble score : scores) {
            if (score == null) {
                checked.addAll(failed(1, Outcome.THREW, "the reward returned null"));
            } else if (score.isPresent() && !Double.isFinite(score.getAsDouble())) {
                checked.addAll(failed(1, Outcome.NOT_FINITE, "the score is " + score.getAsDouble()));
            } else {
                counts.get(score.isPresent() ? Outcome.SCORED : Outcome.EMPTY).incrementAndGet();
                checked.add(score);
            }
        }
        return checked;
    }

    private List<OptionalDouble> failed(int count, Outcome outcome, String message) {
        counts.get(outcome).addAndGet(count);
        firstFailure.compareAndSet(null, message);
        lastFailure.set(outcome + ": " + message);
        return Collections.nCopies(count, OptionalDouble.empty());
    }

    /// The number of completions by outcome, zeros included.
    public Map<Outcome, Long> counts() {
        Map<Outcome, Long> copy = new EnumMap<>(Outcome.class);
        counts.forEach((outcome, count) -> copy.put(outcome, count.get()));
        return copy;
    }

    /// The number of completions that ended neither with a score nor as not applicable.
    public long failures() {
        return counts().entrySet().stream().filter(e -> e.getKey() != Outcome.SCORED && e.getKey() != Outcome.EMPTY)
                .mapToLong(Map.Entry::getValue).sum();
    }

    /// What the first failed call said.
    public Optional<String> firstFailure() {
        return Optional.ofNullable(firstFailure.get());
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
