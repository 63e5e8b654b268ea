package glia.engine.load;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/// A task on its own thread with a result or failure to wait for.
final class BackgroundTask<T> {
    private final CompletableFuture<T> result;

    private BackgroundTask(CompletableFuture<T> result) {
        this.result = result;
    }

    static <T> BackgroundTask<T> begin(String thread, Supplier<T> work) {
        return new BackgroundTask<>(CompletableFuture.supplyAsync(work,
                task -> Thread.ofPlatform().daemon().name(thread).start(task)));
    }

    /// Waits for the result; not interruptible.
    ///
    /// @throws RuntimeException or Error the failure of the task
    T get() {
        try {
            return result.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException known -> throw known;
                case Error known -> throw known;
                default -> throw new IllegalStateException(e.getCause());
            }
        }
    }

    /// Waits for the end of the task, also if it fails.
    void await() {
        result.exceptionally(_ -> null).join();
    }
}
