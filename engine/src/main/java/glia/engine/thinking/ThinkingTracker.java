package glia.engine.thinking;

import glia.text.thinking.PromptState;
import glia.text.thinking.ThinkingFormat;
import glia.text.thinking.ThinkingSplitter;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import java.util.function.Predicate;

/// Decodes the tokens of an answer, splits them into thinking and answer, and counts the tokens of thinking: those
/// between the markers. For one answer and one thread.
public final class ThinkingTracker {
    private final Tokenizer tokenizer;
    private final Predicate<String> markers;
    private final ThinkingSplitter splitter;
    private final StreamingDecoder decoder;
    private int tokens;
    /// The last tokens of thinking that are held back as a possible end marker.
    private int numHeld;

    /// @param state what the prompt said
    /// @param markers further special tokens that have a text, such as those of tool calls
    ///        ([glia.text.tool.ToolFormat#isMarker])
    public ThinkingTracker(Tokenizer tokenizer, ThinkingFormat format, PromptState state, Predicate<String> markers,
            ThinkingSplitter.Receiver receiver) {
        this.tokenizer = tokenizer;
        this.markers = markers.or(format::isMarker);
        this.splitter = new ThinkingSplitter(format, state, receiver);
        this.decoder = tokenizer.streamingDecoder(false);
    }

    /// Takes the next token, but no stop token. Special tokens that are not part of a marker have no text.
    public void accept(int token) {
        boolean wasThinking = splitter.isThinking();
        String piece = "";
        if (!tokenizer.isSpecial(token) || markers.test(tokenizer.piece(token))) {
            piece = decoder.accept(token);
            splitter.accept(piece);
        }
        if (!wasThinking) {
            return;
        }
        if (splitter.isThinking()) {
            tokens++;
            numHeld = !piece.isEmpty() && splitter.numHeld() >= piece.length() ? numHeld + 1 : 0;
        } else {
            tokens -= numHeld;
            numHeld = 0;
        }
    }

    /// Ends the answer.
    public void finish() {
        splitter.accept(decoder.finish());
        splitter.finish();
    }

    /// Whether the next token is part of the thinking or its end.
    public boolean isThinking() {
        return splitter.isThinking();
    }

    /// Whether the answer has begun.
    public boolean isAnswer() {
        return splitter.isAnswer();
    }

    /// The number of tokens of thinking so far.
    public int tokens() {
        return tokens;
    }
}
