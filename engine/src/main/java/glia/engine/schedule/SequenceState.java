package glia.engine.schedule;

/// The state of a sample: `WAITING → PREFILLING → DECODING → FINISHED`. A sequence whose memory is needed for others is
/// `PREEMPTED`: it waits before all others of its priority and is prefilled again from its prompt and the generated
/// tokens. Every state may change to `CANCELLED` or `FAILED`.
public enum SequenceState {
    WAITING, PREFILLING, DECODING, PREEMPTED, FINISHED, CANCELLED, FAILED;

    /// Whether it is final.
    public boolean isEnd() {
        return this == FINISHED || this == CANCELLED || this == FAILED;
    }

    /// Whether the sequence takes part in passes.
    public boolean isRunning() {
        return this == PREFILLING || this == DECODING;
    }

    /// Whether the next state may be this one.
    boolean mayBecome(SequenceState next) {
        return switch (next) {
            case WAITING -> false;
            case PREFILLING -> this == WAITING || this == PREEMPTED;
            // Further samples fork the state of the first, which has prefilled the prompt.
            case DECODING -> this == PREFILLING || this == WAITING;
            case PREEMPTED -> isRunning();
            case FINISHED -> this == DECODING;
            case CANCELLED, FAILED -> !isEnd();
        };
    }
}
