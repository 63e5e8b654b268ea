package glia.engine.answer;

/// Something that happens while an answer is generated.
@FunctionalInterface
public interface AnswerEvent {
    /// Passes it on.
    void deliver(AnswerReceiver receiver);
}
