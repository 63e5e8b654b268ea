package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.serve.chat.ContentParts;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// Turns the items of a response's input into the messages of chat templates: reasoning, text and function calls that
/// follow each other become one message of the assistant.
final class ResponseItems {
    private static final int MOST_REFERENCES = 1000;
    private static final List<String> TYPES = List.of("input_text", "output_text", "text", "refusal");
    private static final List<String> ROLES = List.of("user", "assistant", "system", "developer");

    private final List<ChatMessage> messages = new ArrayList<>();
    private final Map<String, String> toolNames = new LinkedHashMap<>();
    private String reasoning = "";
    private String content = "";
    private List<ToolCall> calls = new ArrayList<>();

    private final String caller;

    private ResponseItems(String caller) {
        this.caller = caller;
    }

    /// The items of a request's `input`, each with an id.
    ///
    /// @param idPrefix hexadecimal digits that new ids begin with
    /// @param stored finds the items that references stand for, by their ids
    static List<Map<String, Object>> read(Fields body, String idPrefix,
            Function<String, Optional<Map<String, Object>>> stored) {
        Object input = body.value("input");
        List<Map<String, Object>> items = new ArrayList<>();
        if (input instanceof String text) {
            items.add(object("type", "message", "role", "user", "content",
                    List.of(object("type", "input_text", "text", text))));
        } else if (input instanceof List<?> list) {
            Set<Object> references = new HashSet<>();
            for (int i = 0; i < list.size(); i++) {
                Fields item = Fields.of("input[" + i + "]", list.get(i));
                boolean isReference = isReference(item);
                if (isReference && (!references.add(item.values().get("id"))
                        || references.size() > MOST_REFERENCES)) {
                    throw ServeException.badField("input[" + i + "]", "found a second reference to the same item, or "
                            + "more than " + MOST_REFERENCES + " references; use previous_response_id");
                }
                items.add(new LinkedHashMap<>(isReference ? referred(item, stored) : item.all()));
            }
        } else if (input != null) {
            throw Fields.wrong("input", input, "a string or a list of items");
        }
        for (int i = 0; i < items.size(); i++) {
            Map<String, Object> item = items.get(i);
            item.putIfAbsent("type", "message");
            if (item.get("id") == null) {
                item.put("id", ("message".equals(item.get("type")) ? "msg_" : "item_") + idPrefix + "in" + i);
            }
            item.putIfAbsent("status", "completed");
            if (item.get("content") instanceof String text && "message".equals(item.get("type"))) {
                item.put("content", List.of(object("type",
                        "assistant".equals(item.get("role")) ? "output_text" : "input_text", "text", text)));
            }
        }
        return items;
    }

    private static boolean isReference(Fields item) {
        Object type = item.values().get("type");
        return type == null ? item.values().keySet().equals(Set.of("id")) : type.equals("item_reference");
    }

    private static Map<String, Object> referred(Fields reference,
            Function<String, Optional<Map<String, Object>>> stored) {
        String id = reference.skip("type").requiredText("id");
        reference.end();
        return stored.apply(id).orElseThrow(() -> ServeException.badField(reference.name("id"), "found no item '" + id
                + "'; items of responses are kept with store, until others need their memory: send the item itself"));
    }

    /// The messages of a conversation.
    ///
    /// @param instructions a system prompt before all items; empty for none
    /// @param numBefore the number of items of earlier responses, before those of the request's input
    /// @param caller the reader of encrypted reasoning
    static List<ChatMessage> messages(String instructions, List<Map<String, Object>> items, int numBefore,
            String caller) {
        ResponseItems read = new ResponseItems(caller);
        if (!instructions.isEmpty()) {
            read.messages.add(ChatMessage.system(instructions));
        }
        for (int i = 0; i < items.size(); i++) {
            read.item(new Fields((i < numBefore ? "previous response" : "input[" + (i - numBefore) + "]"),
                    items.get(i)));
        }
        read.flush();
        if (read.messages.isEmpty()) {
            throw ServeException.badField("input", "found no items, expected at least one");
        }
        return read.messages;
    }

    private void item(Fields item) {
        String type = item.text("type").orElse("message");
        item.skip("id", "status");
        switch (type) {
            case "message" -> message(item);
            case "reasoning" -> {
                flushUnless(content.isEmpty() && calls.isEmpty());
                String text = text(item, "content", List.of("reasoning_text", "text"), true);
                Optional<String> encrypted = item.text("encrypted_content");
                reasoning += text.isEmpty() && encrypted.isPresent()
                        ? EncryptedReasoning.text(caller, item.name("encrypted_content"), encrypted.get()) : text;
                item.skip("summary");
            }
            case "function_call" -> {
                ToolCall call = new ToolCall(item.requiredText("call_id"), item.requiredText("name"),
                        ChatMessages.arguments(item.name("arguments"), item.text("arguments").orElse("{}")));
                item.skip("namespace", "caller");
                calls.add(call);
                toolNames.put(call.id(), call.name());
            }
            case "function_call_output" -> output(item);
            default -> throw Fields.wrong(item.name("type"), type, "message, reasoning, function_call, "
                    + "function_call_output or item_reference");
        }
        item.end();
    }

    private void message(Fields item) {
        String role = item.word("role", ROLES).orElseThrow(() -> ServeException.badField(item.name("role"),
                "missing; expected one of " + String.join(", ", ROLES)));
        ContentParts parts = parts(item, "content", TYPES, role.equals("assistant"));
        String text = (role.equals("user") ? parts : parts.requireText(item, "content", role))
                .joined(role.equals("assistant") ? "" : "\n");
        item.skip("phase");
        if (role.equals("assistant")) {
            flushUnless(calls.isEmpty() && content.isEmpty());
            content = text;
            return;
        }
        flush();
        messages.add(parts.of(new ChatMessage(role.equals("developer") ? "system" : role, text)));
    }

    private void output(Fields item) {
        String callId = item.requiredText("call_id");
        String text = List.of().equals(item.value("output")) ? "" : text(item, "output", TYPES, false);
        ChatMessages.requireCall(item.name("call_id"), callId, toolNames);
        flush();
        Map<String, Object> extra = new LinkedHashMap<>();
        extra.put("tool_call_id", callId);
        extra.put("name", toolNames.get(callId));
        messages.add(new ChatMessage("tool", text, List.of(), "", extra));
    }

    private void flushUnless(boolean continues) {
        if (!continues) {
            flush();
        }
    }

    private void flush() {
        if (!content.isEmpty() || !calls.isEmpty() || !reasoning.isEmpty()) {
            messages.add(new ChatMessage("assistant", content, calls, reasoning, Map.of()));
            content = "";
            reasoning = "";
            calls = new ArrayList<>();
        }
    }

    /// The text of parts that are no pictures. An answer's own parts are pieces of one text.
    private static String text(Fields item, String key, List<String> types, boolean mayLack) {
        return parts(item, key, types, mayLack).requireText(item, key, "another").joined(mayLack ? "" : "\n");
    }

    /// @param mayLack whether there may be no text
    private static ContentParts parts(Fields item, String key, List<String> types, boolean mayLack) {
        Object value = item.value(key);
        ContentParts plain = new ContentParts();
        if (value instanceof String text) {
            plain.text(text);
            return plain;
        }
        if (mayLack && (value == null || value.equals(List.of()))) {
            return plain;
        }
        if (!(value instanceof List<?> parts) || parts.isEmpty()) {
            throw Fields.wrong(item.name(key), value, "a string, or an array of parts");
        }
        return ChatMessages.parts(item, key, types);
    }
}
