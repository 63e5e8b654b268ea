package glia.text.template;

import glia.io.picture.Picture;
import glia.io.picture.Visual;
import glia.io.sound.Sound;
import glia.jinja.value.TrustedText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A message of a conversation.
///
/// @param role `system`, `user`, `assistant`, `tool`, or another role of the model's template. The program chooses it,
///        so a plain word is trusted: some templates build a special token from it (`<|user|>`)
/// @param content the text
/// @param toolCalls the tool calls of an assistant
/// @param reasoning the assistant's reasoning before the answer; empty where there is none
/// @param extra further keys that the template sees, such as `tool_call_id` and `name`; they also replace the others,
///        as in a `content` of several parts: maps with the `type` `text` and a `text`, the `type` `image` and an
///        `image`, a [Picture], the `type` `video` and a `video`, a [glia.io.picture.Film], or the `type` `audio`
///        and an `audio`, a [Sound]
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

    /// A message of the user about pictures, which stand before the text.
    public static ChatMessage user(String content, Picture... pictures) {
        return new ChatMessage("user", content).withPictures(List.of(pictures));
    }

    /// This message with pictures and films before its text.
    public ChatMessage withPictures(List<? extends Visual> pictures) {
        return withFirst(pictures.stream().map(Visual::part).toList());
    }

    /// This message with sounds before its text and pictures.
    public ChatMessage withSounds(List<Sound> sounds) {
        return withFirst(sounds.stream().map(Sound::part).toList());
    }

    /// This message with further parts before its own.
    private ChatMessage withFirst(List<Map<String, Object>> others) {
        if (others.isEmpty()) {
            return this;
        }
        List<Object> parts = new ArrayList<>(others);
        parts.addAll(parts());
        return withContent(parts);
    }

    /// This message with another `content` for templates.
    public ChatMessage withContent(Object other) {
        Map<String, Object> changed = new LinkedHashMap<>(extra);
        changed.put("content", other);
        return new ChatMessage(role, content, toolCalls, reasoning, changed);
    }

    /// The parts of the content: those of a `content` in parts, or its text alone.
    public List<?> parts() {
        return extra.get("content") instanceof List<?> parts ? parts
                : content.isEmpty() ? List.of() : List.of(Map.of("type", "text", "text", content));
    }

    /// The pictures and films among the parts, in order.
    public List<Visual> visuals() {
        return parts().stream().flatMap(part -> visual(part).stream()).toList();
    }

    /// The pictures among the parts, in order.
    public List<Picture> pictures() {
        return visuals().stream().filter(Picture.class::isInstance).map(Picture.class::cast).toList();
    }

    /// The picture or film of a part, if it is one.
    public static Optional<Visual> visual(Object part) {
        return part instanceof Map<?, ?> map && map.get("type") instanceof String type
                && map.get(type) instanceof Visual visual ? Optional.of(visual) : Optional.empty();
    }

    /// The sounds among the parts, in order.
    public List<Sound> sounds() {
        return parts().stream().flatMap(part -> sound(part).stream()).toList();
    }

    /// The sound of a part, if it is one.
    public static Optional<Sound> sound(Object part) {
        return part instanceof Map<?, ?> map && map.get("audio") instanceof Sound sound ? Optional.of(sound)
                : Optional.empty();
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
        for (Object part : parts()) {
            if (!isText(part)) {
                throw new IllegalArgumentException("the message has a part of type '" + ((Map<?, ?>) part).get("type")
                        + "'; the model reads text alone, images and sounds are not read");
            }
        }
    }

    /// Checks that the parts of a `content` in parts are text, pictures, films or sounds.
    ///
    /// @throws IllegalArgumentException if one is not; the message names its type
    public void requirePictures() {
        for (Object part : parts()) {
            if (!isText(part) && visual(part).isEmpty() && sound(part).isEmpty()) {
                throw new IllegalArgumentException("the message has a part of type '" + ((Map<?, ?>) part).get("type")
                        + "' that is not read; expected text, an image with a Picture, or audio with a Sound");
            }
        }
    }

    private static boolean isText(Object part) {
        return !(part instanceof Map<?, ?> map) || "text".equals(map.get("type"));
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
        if (!visuals().isEmpty() || !sounds().isEmpty()) {
            // Templates read the type alone.
            variables.put("content", parts().stream().map(part -> isText(part) ? part
                    : Map.of("type", ((Map<?, ?>) part).get("type"))).toList());
        }
        return variables;
    }
}
