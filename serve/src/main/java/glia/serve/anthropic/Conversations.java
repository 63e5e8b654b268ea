package glia.serve.anthropic;

import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Turns `system` and `messages` into the messages of chat templates: results of tools become messages of the role
/// `tool`, and messages of one role that follow each other become one.
final class Conversations {
    static final List<String> ROLES = List.of("user", "assistant", "system");

    private final List<ChatMessage> messages = new ArrayList<>();
    private final Map<String, String> toolNames = new HashMap<>();

    private Conversations() { }

    static List<ChatMessage> read(Fields body) {
        Conversations read = new Conversations();
        String system = ContentBlocks.text(body, "system");
        if (!system.isEmpty()) {
            read.messages.add(ChatMessage.system(system));
        }
        List<Fields> given = body.objects("messages");
        if (given.isEmpty()) {
            throw ServeException.badField("messages", "found none, expected at least one");
        }
        for (Fields message : given) {
            String role = message.word("role").orElseThrow(() -> ServeException.badField(message.name("role"),
                    "missing; expected one of " + String.join(", ", ROLES)));
            ContentBlocks content = ContentBlocks.read(message, role.equals("assistant"));
            message.end();
            if (role.equals("assistant")) {
                read.assistant(content);
            } else {
                if (content.text().isEmpty() && !content.parts().hasPictures() && content.results().isEmpty()) {
                    throw ServeException.badField(message.name("content"), "found no text, expected some");
                }
                read.results(content.results());
                if (!content.text().isEmpty() || content.parts().hasPictures()) {
                    read.add(content.parts().of(new ChatMessage(role, content.text())));
                }
            }
        }
        read.requirePrefill("messages[" + (given.size() - 1) + "]");
        return read.messages;
    }

    /// Whether the last message is the beginning of the answer.
    static boolean continues(List<ChatMessage> messages) {
        return messages.getLast().role().equals("assistant");
    }

    private void requirePrefill(String name) {
        ChatMessage last = messages.getLast();
        if (last.role().equals("assistant") && (!last.toolCalls().isEmpty() || !last.reasoning().isEmpty())) {
            throw ServeException.badField(name, "an answer to continue has text alone; send the results of its tool "
                    + "calls after it, and leave out its thinking");
        }
    }

    private void assistant(ContentBlocks content) {
        content.calls().forEach(call -> toolNames.put(call.id(), call.name()));
        add(new ChatMessage("assistant", content.text(), content.calls(), content.thinking(), Map.of()));
    }

    private void results(List<ContentBlocks.Result> results) {
        for (ContentBlocks.Result result : results) {
            String tool = toolNames.get(result.id());
            if (tool == null) {
                throw Fields.wrong(result.name(), result.id(), "the id of a tool_use block before it");
            }
            messages.add(new ChatMessage("tool", result.content(), List.of(), "",
                    Map.of("name", tool, "tool_call_id", result.id())));
        }
    }

    private void add(ChatMessage message) {
        ChatMessage last = messages.isEmpty() ? null : messages.getLast();
        if (last == null || !last.role().equals(message.role()) || message.role().equals("system")) {
            messages.add(message);
            return;
        }
        List<ToolCall> calls = new ArrayList<>(last.toolCalls());
        calls.addAll(message.toolCalls());
        String between = message.role().equals("assistant") || last.content().isEmpty() ? "" : "\n";
        ChatMessage both = new ChatMessage(message.role(), last.content() + between + message.content(), calls,
                last.reasoning() + message.reasoning(), Map.of());
        if (last.pictures().isEmpty() && message.pictures().isEmpty()) {
            messages.set(messages.size() - 1, both);
        } else {
            List<Object> parts = new ArrayList<>(last.parts());
            parts.addAll(message.parts());
            messages.set(messages.size() - 1, both.withContent(parts));
        }
    }
}
