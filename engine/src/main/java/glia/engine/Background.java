package glia.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/// Work on a thread of its own, whose result or failure somebody asks for later.
final class Background<T> {
    private final CompletableFuture<T> result;

    private Background(CompletableFuture<T> result) {
        this.result = result;
    }

    static <T> Background<T> begin(String thread, Supplier<T> work) {
        return new Background<>(CompletableFuture.supplyAsync(work,
                task -> Thread.ofPlatform().daemon().name(thread).start(task)));
    }

    /// Waits for the result, interrupted or not.
    ///
    /// @throws RuntimeException or Error what the work threw
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

    /// Waits for the end of the work, whatever comes of it.
    void await() {
        result.exceptionally(_ -> null).join();
    }
}
