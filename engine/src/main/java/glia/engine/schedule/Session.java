package glia.engine.schedule;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/// Remembers the text of one request after another, so that a prompt that begins as the last text did costs only what
/// is new. What it remembers may go when other texts need the memory. For one request at a time.
public final class Session implements AutoCloseable {
    private final Scheduler scheduler;
    private final AtomicBoolean inUse = new AtomicBoolean();
    /// What follows belongs to whoever computes.
    private DecodeState computed;
    private int[] tokens = {};
    private long lastUse;
    private volatile int length;

    Session(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /// Tokens remembered.
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

    /// What was computed of the prompt, kept as far as the prompt goes the same way, but for its last token, whose
    /// logits are needed.
    DecodeState resume(Steps steps, int[] prompt) {
        if (computed == null) {
            computed = steps.open(true);
        }
        int most = Math.min(computed.length(), prompt.length - 1);
        int common = Arrays.mismatch(tokens, 0, most, prompt, 0, most);
        computed.keep(common < 0 ? most : common);
        return computed;
    }

    /// Takes note of the text that was computed.
    void end(int[] text) {
        if (computed != null) {
            tokens = Arrays.copyOf(text, computed.length());
            length = computed.length();
        }
        lastUse = System.nanoTime();
        inUse.set(false);
    }

    /// Bytes may be had from here.
    boolean isIdle() {
        return !inUse.get() && computed != null && computed.length() > 0;
    }

    long lastUse() {
        return lastUse;
    }

    /// Gives all memory back.
    void drop() {
        if (computed != null) {
            computed.keep(0);
        }
        length = 0;
    }

    /// The same, for good.
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

    /// Gives all memory back.
    ///
    /// @throws IllegalStateException if a request uses the session
    @Override
    public void close() {
        scheduler.clear(this, true);
    }
}
