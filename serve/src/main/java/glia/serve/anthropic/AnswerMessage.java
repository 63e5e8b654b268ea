package glia.serve.anthropic;

import static glia.serve.http.Json.object;

import glia.engine.answer.AnswerEnd;
import glia.io.json.JsonValues;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;

/// The message of an answer: collects its blocks.
final class AnswerMessage implements AnswerBlocks.Sink {
    private final String id;
    private final String model;
    private final List<Map<String, Object>> content = new ArrayList<>();
    private final StringBuilder piece = new StringBuilder();
    private AnswerEnd end;

    AnswerMessage(String requestId, String model) {
        this.id = "msg_" + requestId.substring(requestId.indexOf('_') + 1);
        this.model = model;
    }

    @Override
    public void start(int index, Map<String, Object> block) {
        content.add(block);
        piece.setLength(0);
    }

    @Override
    public void delta(int index, Map<String, Object> delta) {
        switch ((String) delta.get("type")) {
            case "signature_delta" -> content.getLast().put("signature", delta.get("signature"));
            case "thinking_delta" -> piece.append(delta.get("thinking"));
            case "text_delta" -> piece.append(delta.get("text"));
            default -> piece.append(delta.get("partial_json"));
        }
    }

    @Override
    public void stop(int index) {
        Map<String, Object> block = content.getLast();
        String type = (String) block.get("type");
        if (type.equals("tool_use")) {
            block.put("input", arguments(piece.toString()));
        } else {
            block.put(type, piece.toString());
        }
    }

    /// The arguments of a call; those of a call that the most tokens cut off are empty.
    private static Object arguments(String json) {
        try {
            return json.isBlank() ? object() : JsonValues.parse(json);
        } catch (JacksonException e) {
            return object();
        }
    }

    @Override
    public void ended(AnswerEnd last) {
        this.end = last;
    }

    /// A receiver of the blocks that collects them here before it passes them on.
    ///
    /// @param complete called when all are collected
    AnswerBlocks.Sink then(AnswerBlocks.Sink next, Runnable complete) {
        AnswerMessage first = this;
        return new AnswerBlocks.Sink() {
            @Override
            public void start(int index, Map<String, Object> block) {
                first.start(index, new LinkedHashMap<>(block));
                next.start(index, block);
            }

            @Override
            public void delta(int index, Map<String, Object> delta) {
                first.delta(index, delta);
                next.delta(index, delta);
            }

            @Override
            public void stop(int index) {
                first.stop(index);
                next.stop(index);
            }

            @Override
            public void ended(AnswerEnd last) {
                first.ended(last);
                complete.run();
                next.ended(last);
            }
        };
    }

    /// Whether the answer has ended.
    boolean isComplete() {
        return end != null;
    }

    /// The response that is not streamed.
    Map<String, Object> whole() {
        return message(content, StopReason.of(end), end.stop().orElse(null), usage(end));
    }

    /// The message of `message_start`.
    ///
    /// @param promptTokens tokens of the prompt; how many of them the KV cache holds is found later
    Map<String, Object> start(int promptTokens) {
        return message(List.of(), null, null, usage(promptTokens, 0, 0));
    }

    private Map<String, Object> message(List<?> blocks, String reason, String stop, Map<String, Object> usage) {
        return object("id", id, "type", "message", "role", "assistant", "model", model, "content", blocks,
                "stop_reason", reason, "stop_sequence", stop, "usage", usage);
    }

    /// The tokens of an answer.
    static Map<String, Object> usage(AnswerEnd end) {
        return usage(end.promptTokens(), end.reusedTokens(), end.tokens());
    }

    private static Map<String, Object> usage(int prompt, int reused, int generated) {
        return object("input_tokens", prompt - reused, "cache_creation_input_tokens", 0, "cache_read_input_tokens",
                reused, "output_tokens", generated);
    }

    /// Why an answer ended, in Anthropic's words.
    static final class StopReason {
        private StopReason() { }

        static String of(AnswerEnd end) {
            return switch (end.finish()) {
                case LENGTH, REPETITION, TIMEOUT -> "max_tokens";
                case CONTEXT -> "model_context_window_exceeded";
                default -> end.numToolCalls() > 0 ? "tool_use" : end.stop().isPresent() ? "stop_sequence" : "end_turn";
            };
        }
    }
}
