package glia.serve.openai;

import glia.engine.answer.Tools;
import glia.engine.call.Prompt;
import glia.serve.chat.ContentParts;
import glia.serve.http.Json;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/// The messages of a chat completion.
public final class ChatMessages {
    static final List<String> ROLES =
            List.of("system", "developer", "user", "assistant", "tool", "function");

    private static final List<String> TYPES = List.of("text", "input_text", "output_text", "refusal");
    private static final List<String> PICTURES = List.of("image_url", "input_image");
    private static final String FILM = "video_url";
    private static final String SOUND = "input_audio";
    private static final String CONTENT = "a string, or an array of parts of type text, image_url, "
            + "video_url or input_audio";

    private ChatMessages() { }

    /// The messages in a request's body.
    ///
    /// @throws ServeException if there are none, or one is wrong
    public static List<ChatMessage> read(Fields body) {
        List<ChatMessage> messages = new ArrayList<>();
        Map<String, String> toolNames = new LinkedHashMap<>();
        for (Fields fields : body.objects("messages")) {
            ChatMessage message = message(fields);
            requireCall(fields, message, toolNames);
            message.toolCalls().forEach(call -> toolNames.put(call.id(), call.name()));
            messages.add(named(message, toolNames));
        }
        if (messages.isEmpty()) {
            throw ServeException.badField("messages", "found none, expected at least one");
        }
        return messages;
    }

    /// Results of tools follow the call that they answer.
    private static void requireCall(Fields fields, ChatMessage message, Map<String, String> toolNames) {
        if (!message.role().equals("tool") || message.extra().get("tool_call_id") == null
                && (message.extra().containsKey("name") || toolNames.containsKey(""))) {
            return;
        }
        if (message.extra().get("tool_call_id") instanceof String id) {
            requireCall(fields.name("tool_call_id"), id, toolNames);
        } else {
            throw ServeException.badField(fields.name("tool_call_id"), "missing; expected the id of the tool call "
                    + "that this message answers");
        }
    }

    /// @param toolNames names of the tools that were called before, by the ids of the calls
    /// @throws ServeException if there is no call with this id
    static void requireCall(String field, String id, Map<String, String> toolNames) {
        if (!toolNames.containsKey(id)) {
            throw Fields.wrong(field, id, "the id of an earlier tool call (found " + (toolNames.isEmpty() ? "none"
                    : String.join(", ", toolNames.keySet().stream().limit(8).toList()))
                    + "); send the assistant's calls before their results");
        }
    }

    /// A tool's result with the name of the tool, which some templates write and clients of this API leave out.
    private static ChatMessage named(ChatMessage message, Map<String, String> toolNames) {
        Object id = message.extra().get("tool_call_id");
        if (!message.role().equals("tool") || message.extra().containsKey("name") || !toolNames.containsKey(id)) {
            return message;
        }
        Map<String, Object> extra = new LinkedHashMap<>(message.extra());
        extra.put("name", toolNames.get(id));
        return new ChatMessage("tool", message.content(), List.of(), message.reasoning(), extra);
    }

    private static ChatMessage message(Fields fields) {
        String role = fields.word("role")
                .orElseThrow(() -> ServeException.badField(fields.name("role"), "missing; expected one of " + ROLES));
        // Tools may return nothing.
        ContentParts parts = content(fields, role.equals("assistant") || role.equals("tool")
                && List.of().equals(fields.value("content")));
        String content = (role.equals("user") ? parts : parts.requireText(fields, "content", role)).joined("\n");
        Map<String, Object> extra = new LinkedHashMap<>();
        fields.text("name").ifPresent(name -> extra.put("name", name));
        fields.text("tool_call_id").ifPresent(id -> extra.put("tool_call_id", id));
        List<ToolCall> calls = new ArrayList<>();
        for (Fields call : fields.objects("tool_calls")) {
            calls.add(call(call));
        }
        Optional<String> reasoning = fields.text("reasoning_content");
        Optional<String> other = fields.text("reasoning");
        fields.end();
        boolean isAssistant = role.equals("assistant");
        requireRole(fields, "tool_calls", role, isAssistant || calls.isEmpty());
        requireRole(fields, "reasoning_content", role, isAssistant || reasoning.orElse("").isEmpty());
        requireRole(fields, "reasoning", role, isAssistant || other.orElse("").isEmpty());
        requireRole(fields, "tool_call_id", role, role.equals("tool") || !extra.containsKey("tool_call_id"));
        // A developer's message is a system prompt; few templates have that role.
        return parts.of(new ChatMessage(role.equals("developer") ? "system" : role.equals("function") ? "tool" : role,
                content, calls, reasoning.or(() -> other).orElse(""), extra));
    }

    /// Templates would leave out a field of another role.
    private static void requireRole(Fields fields, String key, String role, boolean isAllowed) {
        if (!isAllowed) {
            throw ServeException.badField(fields.name(key), "found in a message of the role " + role + ", expected in "
                    + "one of " + (key.equals("tool_call_id") ? "a tool" : "the assistant") + "; leave it out");
        }
    }

    /// Whether the last message is to be continued: its text, or its thinking where it has no text yet.
    ///
    /// @throws ServeException if it is another message
    public static boolean continues(Fields body, List<ChatMessage> messages) {
        boolean continues = body.flag("continue_final_message");
        ChatMessage last = messages.getLast();
        boolean isText = last.toolCalls().isEmpty();
        if (continues && !(last.role().equals("assistant") && isText)) {
            throw ServeException.badField(body.name("continue_final_message"), "found true with a last message of the "
                    + "role " + last.role() + (isText ? "" : " that has tool calls") + ", expected one of the "
                    + "assistant with text or thinking");
        }
        return continues;
    }

    /// The conversation of a request's body.
    static Prompt.Conversation conversation(Fields body, ToolFields tools) {
        Map<String, Object> variables = new LinkedHashMap<>(body.object("chat_template_kwargs").map(Fields::all)
                .orElse(Map.of()));
        List<ChatMessage> messages = read(body);
        boolean continues = continues(body, messages);
        if (!body.flag("add_generation_prompt") && !continues) {
            variables.put("add_generation_prompt", false);
        }
        return new Prompt.Conversation(messages, tools.tools(), variables, continues);
    }

    /// Text, or parts: texts, which become lines, as in vLLM and llama-server, and pictures.
    ///
    /// @param mayLack whether there may be none, as beside tool calls
    private static ContentParts content(Fields fields, boolean mayLack) {
        Object content = fields.value("content");
        ContentParts plain = new ContentParts();
        if (content instanceof String text) {
            plain.text(text);
            return plain;
        }
        if (content == null && mayLack) {
            return plain;
        }
        if (content == null) {
            throw ServeException.badField(fields.name("content"), "missing; expected " + CONTENT);
        }
        if (!(content instanceof List<?> parts) || parts.isEmpty() && !mayLack) {
            throw Fields.wrong(fields.name("content"), content, CONTENT);
        }
        return parts(fields, "content", TYPES);
    }

    /// The texts, pictures and sounds of parts.
    ///
    /// @param types those of texts that may be there; refusals have their text in `refusal`
    static ContentParts parts(Fields fields, String key, List<String> types) {
        ContentParts parts = new ContentParts();
        for (Fields part : fields.objects(key)) {
            String type = part.requiredText("type");
            if (types.contains("text") && PICTURES.contains(type)) {
                // The model's processor decides about the detail.
                address(part.skip("detail"), "image_url", parts::picture, "detail");
            } else if (types.contains("text") && type.equals(FILM)) {
                address(part, FILM, parts::film);
            } else if (types.contains("text") && type.equals(SOUND)) {
                Fields inner = Fields.of(part.name(SOUND), part.value(SOUND)).skip("format");
                parts.sound(inner.name("data"), inner.requiredText("data"));
                inner.end();
            } else if (!types.contains(type)) {
                throw Fields.wrong(part.name("type"), type, String.join(" or ", types) + (types.contains("text")
                        ? " or " + String.join(" or ", PICTURES) + " or " + FILM + " or " + SOUND : "")
                        + "; files are not read");
            } else {
                parts.text(part.requiredText(type.equals("refusal") ? "refusal" : "text"));
            }
            part.skip(ExtensionFields.PART_LABELS);
            part.end();
        }
        return parts;
    }

    /// A picture or film: a URL, or an object with one and with keys that are skipped.
    ///
    /// @param to receives the name of the field and the URL
    private static void address(Fields part, String key, BiConsumer<String, String> to, String... skipped) {
        Object url = part.value(key);
        if (url instanceof Map) {
            Fields inner = Fields.of(part.name(key), url).skip(skipped);
            to.accept(inner.name("url"), inner.requiredText("url"));
            inner.end();
        } else {
            to.accept(part.name(key), part.requiredText(key));
        }
    }

    private static ToolCall call(Fields fields) {
        Fields function = fields.object("function")
                .orElseThrow(() -> ServeException.badField(fields.name("function"), "missing; expected an object"));
        ToolCall call = new ToolCall(fields.text("id").orElse(""), function.requiredText("name"),
                arguments(function.name("arguments"), function.text("arguments").orElse("{}")));
        function.end();
        fields.end();
        return call;
    }

    /// The arguments of a call, which are JSON in a string. Those of a call that was cut off are no JSON: they are the
    /// text in `arguments`, as the model wrote it.
    static Map<String, Object> arguments(String name, String json) {
        Map<String, Object> arguments = ToolCall.readArguments(json);
        Json.requireCharacters(name, arguments);
        return arguments;
    }
}
