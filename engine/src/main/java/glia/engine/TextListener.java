package glia.engine;

import glia.engine.answer.Canvas;
import glia.engine.thinking.Thought;

/// Receives the text of an answer as it is generated.
@FunctionalInterface
public interface TextListener {
    /// Receives the next piece of text, which never ends within a character.
    void text(String piece);

    /// Receives the next piece of the thinking before the answer.
    default void thinking(String piece) { }

    /// Is called once when the thinking has ended, before the answer's text. Not called if there is no thinking.
    default void thought(Thought thought) { }

    /// Receives the canvas of a text diffusion model after a step, after the text that has become final.
    default void canvas(Canvas canvas) { }

    /// Is called while a long prompt is computed.
    ///
    /// @param numRead tokens of the prompt that are computed
    /// @param length tokens of the prompt
    default void reading(int numRead, int length) { }

    /// Is called before each token.
    ///
    /// @return true to end the answer
    default boolean cancelled() {
        return false;
    }

    /// Is called before an answer whose conversation did not fit the context.
    ///
    /// @param numExchanges how many of the oldest exchanges were removed: a message of the user and its answer each
    /// @param contextLength the context in tokens
    default void dropped(int numExchanges, int contextLength) { }
}
