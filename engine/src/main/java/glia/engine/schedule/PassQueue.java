package glia.engine.schedule;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/// Passes of a model besides generation, such as those of embeddings: one at a time between two steps of the scheduler,
/// in turns by key. While sequences run, passes take at most half of the time: a pass of 10 steps' time is followed by
/// 10 steps.
final class PassQueue {
    /// A pass that waits for its turn.
    private static final class Waiting<T> {
        private final CompletableFuture<T> result = new CompletableFuture<>();
        private final Supplier<T> work;

        Waiting(Supplier<T> work) {
            this.work = work;
        }

        void run() {
            try {
                result.complete(work.get());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        }

        T await() {
            try {
                return result.join();
            } catch (CompletionException e) {
                if (e.getCause() instanceof Error cause) {
                    throw cause;
                }
                throw e.getCause() instanceof RuntimeException cause ? cause : e;
            }
        }
    }

    private final TurnQueue<Waiting<?>> waiting = new TurnQueue<>();
    /// The time of passes that steps have not had yet. Guarded by the scheduler's claim of the engine.
    private long owedNanos;
    private long since;

    boolean isEmpty() {
        return waiting.size() == 0;
    }

    /// Waits until a pass has run.
    ///
    /// @param wake is called when it waits
    <T> T await(String key, Supplier<T> work, Runnable wake) {
        Waiting<T> pass = new Waiting<>(work);
        waiting.add(key, pass);
        wake.run();
        return pass.await();
    }

    /// Whether a pass is next, and not a step.
    ///
    /// @param generates whether there are sequences
    boolean isNext(boolean generates) {
        if (!generates) {
            owedNanos = 0;
        }
        return owedNanos == 0 && !isEmpty();
    }

    /// Whether steps have had less time than passes.
    boolean isOwed() {
        return owedNanos > 0;
    }

    /// Counts the time of a step.
    void stepped(long nanos) {
        owedNanos = Math.max(0, owedNanos - nanos);
    }

    /// Begins to count the time of a pass.
    void begin(long now) {
        since = now;
    }

    /// Counts the time of a pass, or of a part.
    void end(long now) {
        owedNanos += now - since;
    }

    /// Runs the next pass.
    void runNext() {
        Waiting<?> next = waiting.poll();
        if (next != null) {
            next.run();
        }
    }

    /// Ends all passes that wait with an exception.
    void fail(Throwable cause) {
        Waiting<?> next = waiting.poll();
        while (next != null) {
            next.result.completeExceptionally(cause);
            next = waiting.poll();
        }
    }
}
