package glia.engine.answer;

/// Receives the answers of a call while they are generated, on the thread that runs the call.
public interface AnswerReceiver {
    /// Receives a generated token, before the text that it completes. Called only with log-probabilities.
    default void token(int sample, GeneratedToken token) { }

    /// Receives the next piece of thinking.
    default void thinking(int sample, String piece) { }

    /// Receives the next piece of the answer.
    void text(int sample, String piece);

    /// Receives the canvas of a text diffusion model after a step, after the text that has become final.
    default void canvas(int sample, Canvas canvas) { }

    /// Receives the beginning of a tool call.
    ///
    /// @param index the number of the call in its answer, from 0
    default void toolCall(int sample, int index, String id, String name) { }

    /// Receives the next piece of a tool call's arguments, which together are a JSON object.
    default void toolArguments(int sample, int index, String piece) { }

    /// Receives the end of an answer.
    default void ended(int sample, AnswerEnd end) { }
}
