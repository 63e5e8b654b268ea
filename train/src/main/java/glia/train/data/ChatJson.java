package glia.train.data;

import glia.io.CheckpointException;
import glia.io.Suggestions;
import glia.io.json.JsonValues;
import glia.io.jsonl.JsonLine;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;

/// Reads the messages in a line of JSONL: `messages` as in OpenAI's API, `conversations` as in ShareGPT, `prompt`
/// and `completion`, which are strings or lists of messages, or `instruction`, `input` and `output` as in
/// Alpaca. `system` and `tools` may stand beside them.
final class ChatJson {
    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant", "tool", "function",
            "ipython");
    private static final Map<String, String> SHARE_GPT = Map.of("human", "user", "user", "user", "gpt", "assistant",
            "assistant", "assistant", "model", "assistant", "chatgpt", "assistant", "system", "system", "tool", "tool",
            "observation", "tool");

    private final JsonLine line;

    ChatJson(JsonLine line) {
        this.line = line;
    }

    /// Whether a line has a key of chats.
    static boolean isChat(JsonLine line) {
        return !Collections.disjoint(line.values().keySet(),
                List.of("messages", "conversations", "completion", "instruction"));
    }

    /// The chat of the line.
    ///
    /// @throws CheckpointException if it is not as described
    Chat chat() throws CheckpointException {
        Map<String, Object> values = line.values();
        List<ChatMessage> messages = new ArrayList<>();
        int numPrompt = 0;
        if (values.containsKey("messages")) {
            messages.addAll(messages("messages"));
        } else if (values.containsKey("conversations")) {
            messages.addAll(messages("conversations"));
        } else if (values.containsKey("prompt") || values.containsKey("completion")) {
            messages.addAll(turn("prompt", "user"));
            numPrompt = messages.size();
            messages.addAll(turn("completion", "assistant"));
        } else if (values.containsKey("instruction")) {
            // Alpaca: the input is what the instruction is about, and may be empty.
            String input = values.get("input") == null ? "" : line.text("input");
            messages.add(ChatMessage.user(line.text("instruction") + (input.isBlank() ? "" : "\n\n" + input)));
            numPrompt = 1;
            messages.addAll(turn("output", "assistant"));
        } else {
            throw line.missing("messages", "\"messages\", \"conversations\", \"prompt\" and \"completion\", or "
                    + "\"instruction\" and \"output\"");
        }
        return chat(messages, numPrompt);
    }

    /// A chat of messages and the `system` and `tools` of the line.
    Chat chat(List<ChatMessage> messages, int numPrompt) throws CheckpointException {
        List<ChatMessage> all = new ArrayList<>(messages);
        int prompt = numPrompt;
        if (line.values().get("system") != null) {
            all.addFirst(ChatMessage.system(line.text("system")));
            prompt += prompt > 0 ? 1 : 0;
        }
        return new Chat(line.place(), all, prompt, tools());
    }

    /// The messages at a key: a list, or a string that is one message of `role`.
    List<ChatMessage> turn(String key, String role) throws CheckpointException {
        if (line.values().get(key) instanceof List<?>) {
            return messages(key);
        }
        return List.of(new ChatMessage(role, line.text(key)));
    }

    /// The messages in the list at a key.
    List<ChatMessage> messages(String key) throws CheckpointException {
        Object value = line.values().get(key);
        if (!(value instanceof List<?> list) || list.isEmpty()) {
            throw line.place().error(key, "found " + JsonLine.shown(value) + ", expected a list of messages such as "
                    + "{\"role\": \"user\", \"content\": \"…\"}");
        }
        List<ChatMessage> messages = new ArrayList<>();
        for (Object one : list) {
            String where = key + "[" + messages.size() + "]";
            if (!(one instanceof Map<?, ?> map)) {
                throw line.place().error(where, "found " + JsonLine.shown(one) + ", expected an object such as "
                        + "{\"role\": \"user\", \"content\": \"…\"}");
            }
            messages.add(map.containsKey("from") && !map.containsKey("role") ? shareGpt(where, map)
                    : message(where, map));
        }
        return messages;
    }

    private ChatMessage shareGpt(String where, Map<?, ?> map) throws CheckpointException {
        String from = String.valueOf(map.get("from"));
        String text = content(where + ".value", map.get("value"));
        if (from.equals("function_call")) {
            ToolCall call = toolCall(where + ".value", json(where + ".value", text));
            return new ChatMessage("assistant", "", List.of(call), "", Map.of());
        }
        if (!SHARE_GPT.containsKey(from)) {
            throw unknownRole(where + ".from", map.get("from"), SHARE_GPT.keySet());
        }
        return new ChatMessage(SHARE_GPT.get(from), text);
    }

    private CheckpointException unknownRole(String where, Object found, Set<String> known) {
        return line.place().error(where, "found " + JsonLine.shown(found) + ", expected one of "
                + known.stream().sorted().toList() + "." + Suggestions.sentence(String.valueOf(found), known));
    }

    private ChatMessage message(String where, Map<?, ?> map) throws CheckpointException {
        Map<String, Object> extra = new LinkedHashMap<>();
        map.forEach((key, value) -> extra.put((String) key, value));
        Object role = extra.remove("role");
        if (!(role instanceof String name && ROLES.contains(name))) {
            throw unknownRole(where + ".role", role, ROLES);
        }
        List<ToolCall> calls = toolCalls(where + ".tool_calls", extra.remove("tool_calls"));
        Object content = extra.remove("content");
        if (content == null && calls.isEmpty()) {
            throw line.place().error(where, "found no \"content\", expected a string; the keys are " + map.keySet());
        }
        String text = content == null ? "" : content(where + ".content", content);
        Object reasoning = extra.remove("reasoning_content");
        Object thinking = extra.remove("thinking");
        extra.values().removeIf(Objects::isNull);
        Object weight = extra.get("weight");
        if (weight != null && !(weight instanceof Integer n && (n == 0 || n == 1))) {
            throw line.place().error(where + ".weight", "found " + JsonLine.shown(weight) + ", expected 0 or 1: "
                    + "whether the message is trained on");
        }
        Object thought = reasoning != null ? reasoning : thinking;
        ChatMessage message = new ChatMessage(name, text, calls, thought == null ? ""
                : content(where + ".reasoning_content", thought), extra);
        List<Object> parts = pictures(where + ".content", content);
        return parts.isEmpty() ? message : message.withContent(parts);
    }

    /// The parts of a content that has pictures; empty without.
    private List<Object> pictures(String where, Object content) throws CheckpointException {
        List<Object> parts = new ArrayList<>();
        boolean hasPictures = false;
        for (Object part : content instanceof List<?> list ? list : List.of()) {
            Optional<String> source = source(part);
            hasPictures |= source.isPresent();
            parts.add(source.isPresent() ? line.picture(where, source.get()).part() : part);
        }
        return hasPictures ? parts : List.of();
    }

    /// What names the picture of a part: a path or a data URL.
    private static Optional<String> source(Object part) {
        if (!(part instanceof Map<?, ?> map && map.get("type") instanceof String type)) {
            return Optional.empty();
        }
        Object source = switch (type) {
            case "image" -> Stream.of("path", "image", "url").map(map::get).filter(Objects::nonNull).findFirst()
                    .orElse(null);
            case "image_url" -> map.get("image_url") instanceof Map<?, ?> url ? url.get("url") : map.get("image_url");
            default -> null;
        };
        return source instanceof String text ? Optional.of(text) : Optional.empty();
    }

    /// A string, or the texts of a list of parts.
    private String content(String where, Object content) throws CheckpointException {
        if (content instanceof String text) {
            line.requireCharacters(where, text);
            return text;
        }
        if (!(content instanceof List<?> parts)) {
            throw line.place().error(where, "found " + JsonLine.shown(content) + ", expected a string");
        }
        StringBuilder all = new StringBuilder();
        for (Object part : parts) {
            if (source(part).isPresent()) {
                continue;
            }
            if (!(part instanceof Map<?, ?> map && "text".equals(map.get("type"))
                    && map.get("text") instanceof String text)) {
                throw line.place().error(where, "found the part " + JsonLine.shown(part) + ", expected {\"type\": "
                        + "\"text\", \"text\": \"…\"} or {\"type\": \"image\", \"path\": \"…\"}");
            }
            line.requireCharacters(where, text);
            all.append(text);
        }
        return all.toString();
    }

    private List<ToolCall> toolCalls(String where, Object value) throws CheckpointException {
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw line.place().error(where, "found " + JsonLine.shown(value) + ", expected a list of tool calls");
        }
        List<ToolCall> calls = new ArrayList<>();
        for (Object one : list) {
            calls.add(toolCall(where + "[" + calls.size() + "]", one));
        }
        return calls;
    }

    private ToolCall toolCall(String where, Object value) throws CheckpointException {
        Object function = value instanceof Map<?, ?> map && map.get("function") instanceof Map<?, ?> inner ? inner
                : value;
        if (!(function instanceof Map<?, ?> call && call.get("name") instanceof String name)) {
            throw line.place().error(where, "found " + JsonLine.shown(value) + ", expected {\"type\": \"function\", "
                    + "\"function\": {\"name\": \"…\", \"arguments\": {…}}}");
        }
        Object arguments = call.get("arguments");
        if (arguments instanceof String text) {
            arguments = json(where + ".arguments", text);
        }
        if (!(arguments instanceof Map<?, ?> byName)) {
            throw line.place().error(where + ".arguments", "found " + JsonLine.shown(arguments)
                    + ", expected an object of arguments by name");
        }
        Map<String, Object> named = new LinkedHashMap<>();
        byName.forEach((key, argument) -> named.put((String) key, argument));
        String id = value instanceof Map<?, ?> map && map.get("id") instanceof String text ? text : "";
        return new ToolCall(id, name, named);
    }

    private Object json(String where, String text) throws CheckpointException {
        try {
            return JsonValues.parse(text);
        } catch (JacksonException e) {
            throw line.place().error(where, "found " + JsonLine.shown(text) + ", which is not JSON: "
                    + e.getOriginalMessage());
        }
    }

    private List<Map<String, Object>> tools() throws CheckpointException {
        Object value = line.values().get("tools");
        if (value instanceof String text && !text.isBlank()) {
            value = json("tools", text);
        }
        if (value == null || value instanceof String) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw line.place().error("tools", "found " + JsonLine.shown(value) + ", expected a list of JSON schemas");
        }
        List<Map<String, Object>> tools = new ArrayList<>();
        for (Object one : list) {
            if (!(one instanceof Map<?, ?> map)) {
                throw line.place().error("tools[" + tools.size() + "]", "found " + JsonLine.shown(one)
                        + ", expected a JSON schema");
            }
            Map<String, Object> tool = new LinkedHashMap<>();
            map.forEach((key, part) -> tool.put((String) key, part));
            tools.add(tool);
        }
        return tools;
    }
}
