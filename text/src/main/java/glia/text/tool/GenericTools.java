package glia.text.tool;

import glia.io.json.JsonTree;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Conversations with tools for chat templates that have none: the system prompt describes the tools, calls are in
/// [ToolFormat#GENERIC], results are messages of the user.
final class GenericTools {
    private static final String PROMPT = """
            You can call tools. To call one, write its name and arguments as JSON, in this form and without other text:
            <tool_call>
            {"name": "the name of the tool", "arguments": {"a parameter": "its value"}}
            </tool_call>
            You get the result between <tool_response> and </tool_response>, and answer the user with it. The tools, \
            one in each line, with JSON schemas of their parameters:
            """;

    private GenericTools() { }

    /// A conversation of system, user and assistant alone.
    ///
    /// @param hasSystem whether the template takes a system prompt; if not, the first message begins with it
    static List<ChatMessage> adapted(List<ChatMessage> messages, List<Map<String, Object>> tools, boolean hasSystem) {
        List<ChatMessage> adapted = new ArrayList<>();
        boolean isAfterResult = false;
        for (ChatMessage message : messages) {
            boolean isResult = message.role().equals("tool");
            ChatMessage next = isResult ? result(message) : message.toolCalls().isEmpty() ? message : calls(message);
            if (isAfterResult && next.role().equals("user")) {
                // Many templates want messages of user and assistant in turn.
                next = withText(next, adapted.removeLast().content() + "\n" + next.content());
            }
            adapted.add(next);
            isAfterResult = isResult;
        }
        if (tools.isEmpty()) {
            return adapted;
        }
        String prompt = PROMPT + tools.stream().map(tool -> JsonTree.of(tool.getOrDefault("function", tool)).toString())
                .collect(Collectors.joining("\n"));
        if (adapted.getFirst().role().equals("system") || !hasSystem) {
            ChatMessage first = adapted.getFirst();
            adapted.set(0, withText(first, first.role().equals("system") ? first.content() + "\n\n" + prompt
                    : prompt + "\n\n" + first.content()));
        } else {
            adapted.addFirst(ChatMessage.system(prompt));
        }
        return adapted;
    }

    private static ChatMessage withText(ChatMessage message, String text) {
        Map<String, Object> extra = new LinkedHashMap<>(message.extra());
        extra.remove("content");
        return new ChatMessage(message.role(), text, List.of(), message.reasoning(), extra);
    }

    private static ChatMessage result(ChatMessage message) {
        return ChatMessage.user("<tool_response>\n" + message.content() + "\n</tool_response>");
    }

    private static ChatMessage calls(ChatMessage message) {
        String calls = message.toolCalls().stream().map(GenericTools::text).collect(Collectors.joining("\n"));
        return withText(message, message.content().isBlank() ? calls : message.content() + "\n" + calls);
    }

    private static String text(ToolCall call) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", call.name());
        object.put("arguments", call.arguments());
        return "<tool_call>\n" + JsonTree.of(object) + "\n</tool_call>";
    }
}
