package glia.serve.ollama;

import glia.engine.answer.AnswerTools;
import glia.serve.chat.ContentParts;
import glia.serve.chat.ToolRules;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The messages and tools of `/api/chat`.
final class OllamaMessages {
    static final List<String> ROLES = List.of("system", "user", "assistant", "tool");

    private OllamaMessages() { }

    /// @return empty for a request that only loads the model
    static List<ChatMessage> read(Fields body) {
        List<ChatMessage> messages = new ArrayList<>();
        for (Fields message : body.objects("messages")) {
            messages.add(message(message));
        }
        return messages;
    }

    private static ChatMessage message(Fields fields) {
        String role = fields.word("role").orElseThrow(() -> ServeException.badField(fields.name("role"),
                "missing; expected one of " + String.join(", ", ROLES)));
        Map<String, Object> extra = new LinkedHashMap<>();
        fields.text("name").ifPresent(name -> extra.put("name", name));
        fields.text("tool_name").ifPresent(name -> extra.put("name", name));
        fields.text("tool_call_id").ifPresent(id -> extra.put("tool_call_id", id));
        List<ToolCall> calls = new ArrayList<>();
        for (Fields call : fields.objects("tool_calls")) {
            calls.add(call(call));
        }
        ChatMessage message = withImages(fields, new ChatMessage(role, fields.text("content").orElse(""), calls,
                fields.text("thinking").orElse(""), extra));
        fields.end();
        return message;
    }

    /// A message with the pictures of `images`, which stand before its text.
    static ChatMessage withImages(Fields fields, ChatMessage message) {
        ContentParts parts = new ContentParts();
        List<?> images = fields.list("images");
        for (int i = 0; i < images.size(); i++) {
            String name = fields.name("images") + "[" + i + "]";
            if (!(images.get(i) instanceof String data)) {
                throw Fields.wrong(name, images.get(i), "the Base64 of a picture");
            }
            parts.picture(name, data);
        }
        parts.text(message.content());
        return parts.of(message);
    }

    private static ToolCall call(Fields fields) {
        Fields function = fields.object("function")
                .orElseThrow(() -> ServeException.badField(fields.name("function"), "missing; expected an object"));
        ToolCall call = new ToolCall(fields.text("id").orElse(""), function.requiredText("name"),
                function.object("arguments").map(Fields::all).orElse(Map.of()));
        function.end();
        fields.end();
        return call;
    }

    /// Functions as templates read them.
    static List<Map<String, Object>> tools(Fields body) {
        List<Map<String, Object>> tools = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Fields tool : body.objects("tools")) {
            Fields fields = tool.object("function")
                    .orElseThrow(() -> ServeException.badField(tool.name("function"), "missing; expected an object"));
            Map<String, Object> function = new LinkedHashMap<>();
            function.put("name", ToolRules.name(fields, names));
            fields.text("description").ifPresent(text -> function.put("description", text));
            function.put("parameters", fields.object("parameters")
                    .map(schema -> ToolRules.parameters(fields.name("parameters"), schema.all()))
                    .orElse(AnswerTools.NO_PARAMETERS));
            tools.add(Map.of("type", "function", "function", function));
            fields.end();
            tool.end();
        }
        return tools;
    }
}
