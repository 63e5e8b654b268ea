package glia.engine.schedule;

/// Where a text is on its way: `WAITING → PREFILLING → DECODING → FINISHED`. A text that must give up its memory for
/// others is `PREEMPTED`, waits before all others of its priority, and is prefilled again from its prompt and the
/// tokens it has. It may be cancelled, or fail, from everywhere.
public enum SequenceState {
    WAITING, PREFILLING, DECODING, PREEMPTED, FINISHED, CANCELLED, FAILED;

    /// Whether nothing follows.
    public boolean isEnd() {
        return this == FINISHED || this == CANCELLED || this == FAILED;
    }

    /// Whether it has a place among the texts that are computed.
    public boolean isRunning() {
        return this == PREFILLING || this == DECODING;
    }

    /// Whether the next state may be this one.
    boolean mayBecome(SequenceState next) {
        return switch (next) {
            case WAITING -> false;
            case PREFILLING -> this == WAITING || this == PREEMPTED;
            // A further sample of a prompt begins where the first has prefilled it.
            case DECODING -> this == PREFILLING || this == WAITING;
            case PREEMPTED -> isRunning();
            case FINISHED -> this == DECODING;
            case CANCELLED, FAILED -> !isEnd();
        };
    }
}
