package glia.engine.answer;

import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The messages that follow an answer with tool calls: the answer itself, and the result of each of its calls.
public final class ToolMessages {
    private ToolMessages() { }

    /// Runs the calls of an answer. There are none if it was cancelled or cut off, so that it may have lost a part.
    ///
    /// @return a message of the assistant with the calls, then one with the role `tool` for each
    public static List<ChatMessage> of(CollectedAnswer answer, Tools tools) {
        List<ToolCall> calls = new ArrayList<>();
        List<ChatMessage> messages = new ArrayList<>();
        boolean isWhole = answer.end().isPresent() && !answer.end().get().isCut();
        for (CollectedAnswer.Call one : isWhole ? answer.calls() : List.<CollectedAnswer.Call>of()) {
            Optional<ToolCall> readable = parse(one);
            ToolCall call = readable.orElseGet(() ->
                    new ToolCall(one.id(), one.name(), ToolCall.readArguments(one.arguments())));
            String result;
            if (readable.isPresent()) {
                result = tools.call(call);
            } else {
                result = "Error: the arguments are no JSON object; the call did not run.";
                tools.refused(call, result);
            }
            calls.add(call);
            messages.add(new ChatMessage("tool", result, List.of(), "",
                    Map.of("name", call.name(), "tool_call_id", call.id())));
        }
        messages.addFirst(new ChatMessage("assistant", answer.text(), calls, answer.thinking(), Map.of()));
        return messages;
    }

    /// The call; empty if its arguments are no JSON object.
    private static Optional<ToolCall> parse(CollectedAnswer.Call call) {
        try {
            return Optional.of(ToolCall.parse(call.id(), call.name(), call.arguments()));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
