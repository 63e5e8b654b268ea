package glia.serve.anthropic;

import static glia.serve.http.Json.object;

import glia.engine.answer.AnswerEnd;
import glia.engine.answer.AnswerReceiver;
import java.util.Map;

/// Divides an answer into content blocks: of thinking, of text, and one of each tool call.
final class AnswerBlocks implements AnswerReceiver {
    /// Receives the blocks, one after the other.
    interface Sink {
        /// Receives a block without its content.
        void start(int index, Map<String, Object> block);

        /// Receives the next piece of the block's content.
        void delta(int index, Map<String, Object> delta);

        /// Receives the end of the block.
        void stop(int index);

        /// Receives the end of the answer, after its last block.
        void ended(AnswerEnd end);
    }

    private enum Kind { NONE, THINKING, TEXT, TOOL }

    private final Sink sink;
    private final boolean isThinkingOmitted;
    private final StringBuilder thinking = new StringBuilder();
    private Kind open = Kind.NONE;
    private int index = -1;

    AnswerBlocks(Sink sink, boolean isThinkingOmitted) {
        this.sink = sink;
        this.isThinkingOmitted = isThinkingOmitted;
    }

    @Override
    public void thinking(int sample, String piece) {
        if (open != Kind.THINKING) {
            start(Kind.THINKING, object("type", "thinking", "thinking", "", "signature", ""));
            thinking.setLength(0);
        }
        thinking.append(piece);
        if (!isThinkingOmitted) {
            sink.delta(index, object("type", "thinking_delta", "thinking", piece));
        }
    }

    @Override
    public void text(int sample, String piece) {
        if (open != Kind.TEXT) {
            start(Kind.TEXT, object("type", "text", "text", ""));
        }
        sink.delta(index, object("type", "text_delta", "text", piece));
    }

    @Override
    public void toolCall(int sample, int call, String id, String name) {
        start(Kind.TOOL, object("type", "tool_use", "id", id, "name", name, "input", object()));
    }

    @Override
    public void toolArguments(int sample, int call, String piece) {
        sink.delta(index, object("type", "input_json_delta", "partial_json", piece));
    }

    @Override
    public void ended(int sample, AnswerEnd end) {
        stop();
        sink.ended(end);
    }

    private void start(Kind kind, Map<String, Object> block) {
        stop();
        open = kind;
        sink.start(++index, block);
    }

    private void stop() {
        if (open == Kind.THINKING) {
            String text = thinking.toString();
            sink.delta(index, object("type", "signature_delta", "signature",
                    isThinkingOmitted ? ThinkingSignature.holding(text) : ThinkingSignature.of(text)));
        }
        if (open != Kind.NONE) {
            sink.stop(index);
        }
        open = Kind.NONE;
    }
}
