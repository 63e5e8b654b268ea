package glia.text.template;

import glia.jinja.value.TrustedText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A message of a conversation.
///
/// @param role `system`, `user`, `assistant`, `tool`, or another role of the model's template. The program chooses it,
///        so a plain word is trusted: some templates build a special token from it (`<|user|>`)
/// @param content the text
/// @param toolCalls the tool calls of an assistant
/// @param reasoning the assistant's reasoning before the answer; empty where there is none
/// @param extra further keys that the template sees, such as `tool_call_id` and `name`; they also replace the others,
///        as in a `content` of several parts
public record ChatMessage(String role, String content, List<ToolCall> toolCalls, String reasoning,
        Map<String, Object> extra) {
    /// Copies the arguments.
    public ChatMessage {
        toolCalls = List.copyOf(toolCalls);
        extra = new LinkedHashMap<>(extra);
    }

    /// A message that is text and nothing else.
    public ChatMessage(String role, String content) {
        this(role, content, List.of(), "", Map.of());
    }

    /// A system prompt.
    public static ChatMessage system(String content) {
        return new ChatMessage("system", content);
    }

    /// A message of the user.
    public static ChatMessage user(String content) {
        return new ChatMessage("user", content);
    }

    /// An answer of the model.
    public static ChatMessage assistant(String content) {
        return new ChatMessage("assistant", content);
    }

    /// The result of a tool.
    public static ChatMessage tool(String name, String content) {
        return new ChatMessage("tool", content, List.of(), "", Map.of("name", name));
    }

    /// Checks that the parts of a `content` in parts are all text.
    ///
    /// @throws IllegalArgumentException if one is not; the message names its type
    public void requireText() {
        if (extra.get("content") instanceof List<?> parts) {
            for (Object part : parts) {
                Object type = part instanceof Map<?, ?> map ? map.get("type") : "text";
                if (!"text".equals(type)) {
                    throw new IllegalArgumentException("the message has a part of type '" + type + "'; models run "
                            + "on text alone here, images and sounds are not read");
                }
            }
        }
    }

    private static boolean isWord(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-')) {
                return false;
            }
        }
        return true;
    }

    /// The variables of the message in a template. Reasoning has two names, since templates read one or the other.
    public Map<String, Object> variables() {
        Map<String, Object> variables = new LinkedHashMap<>();
        variables.put("role", isWord(role) ? TrustedText.of(role) : role);
        variables.put("content", content);
        if (!reasoning.isEmpty()) {
            variables.put("reasoning_content", reasoning);
            variables.put("thinking", reasoning);
        }
        if (!toolCalls.isEmpty()) {
            List<Object> calls = new ArrayList<>();
            for (ToolCall call : toolCalls) {
                calls.add(call.variables());
            }
            variables.put("tool_calls", calls);
        }
        variables.putAll(extra);
        return variables;
    }
}
