package glia.engine.schedule;

import glia.model.block.Input;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/// The KV cache of the last request of a conversation: a prompt that begins with the same tokens computes only the new
/// ones. It is dropped when other sequences need the memory. For one request at a time.
public final class Session implements AutoCloseable {
    private final Scheduler scheduler;
    private final AtomicBoolean inUse = new AtomicBoolean();
    /// Guarded by the scheduler's claim of the engine, as is all that follows.
    private DecodeState computed;
    private int[] tokens = {};
    private int adapter;
    private String steering = "";
    private List<Input.Embedded> embedded = List.of();
    private long lastUse;
    private volatile int length;

    Session(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /// The number of tokens in the KV cache.
    public int length() {
        return length;
    }

    boolean isOf(Scheduler other) {
        return scheduler == other;
    }

    /// @throws IllegalStateException if a request uses the session
    void begin() {
        if (!inUse.compareAndSet(false, true)) {
            throw new IllegalStateException("a request uses the session already: a conversation answers one message at "
                    + "a time; open another for the second thread");
        }
    }

    /// The state truncated to the longest common prefix with a prompt, at most all but the prompt's last token, whose
    /// logits are needed. The state of another adapter or of other control vectors is dropped.
    DecodeState resume(ModelRunner runner, GenerationRequest request) {
        int[] prompt = request.prompt();
        if (computed == null) {
            computed = runner.open(true);
        }
        if (computed.length() == 0 && runner.keepsPrompts()) {
            computed.close();
            computed = runner.resume(request.cacheKey(), prompt, request.embedded(), true);
            tokens = Arrays.copyOf(prompt, computed.length());
            adapter = request.adapter();
            steering = request.steering().key();
            embedded = request.embedded();
            return computed;
        }
        if (adapter != request.adapter() || !steering.equals(request.steering().key())) {
            drop();
            adapter = request.adapter();
            steering = request.steering().key();
        }
        int most = Math.min(Math.min(computed.length(), prompt.length - 1),
                Input.common(embedded, request.embedded()));
        embedded = request.embedded();
        int common = Arrays.mismatch(tokens, 0, most, prompt, 0, most);
        computed.keep(common < 0 ? most : common);
        return computed;
    }

    /// Ends a request and records its tokens.
    void end(int[] text) {
        if (computed != null) {
            tokens = Arrays.copyOf(text, computed.length());
            length = computed.length();
        }
        lastUse = System.nanoTime();
        inUse.set(false);
    }

    /// Whether its memory may be freed.
    boolean isIdle() {
        return !inUse.get() && computed != null && computed.length() > 0;
    }

    long lastUse() {
        return lastUse;
    }

    /// Frees the blocks.
    void drop() {
        if (computed != null) {
            computed.keep(0);
        }
        length = 0;
    }

    /// Frees the blocks and closes the state.
    void discard() {
        drop();
        if (computed != null) {
            computed.close();
            computed = null;
        }
    }

    /// Removes all tokens.
    ///
    /// @throws IllegalStateException if a request uses the session, or it or the scheduler is closed
    public void clear() {
        scheduler.clear(this, false);
    }

    /// Frees the memory. Later calls do nothing.
    ///
    /// @throws IllegalStateException if a request uses the session
    @Override
    public void close() {
        scheduler.clear(this, true);
    }
}
