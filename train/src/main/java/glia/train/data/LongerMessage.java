package glia.train.data;

import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Changes the end of a message.
final class LongerMessage {
    private static final String KEY = "more";

    private LongerMessage() { }

    /// The message with a longer content, or with one more argument in its last tool call.
    static ChatMessage of(ChatMessage message) {
        List<ToolCall> calls = new ArrayList<>(message.toolCalls());
        String content = message.content();
        if (calls.isEmpty()) {
            content += content.stripTrailing().endsWith("!") ? "?" : "!";
        } else {
            ToolCall last = calls.removeLast();
            Map<String, Object> arguments = new LinkedHashMap<>(last.arguments());
            arguments.put(KEY, KEY);
            calls.add(new ToolCall(last.id(), last.name(), arguments));
        }
        return new ChatMessage(message.role(), content, calls, message.reasoning(), message.extra());
    }
}
