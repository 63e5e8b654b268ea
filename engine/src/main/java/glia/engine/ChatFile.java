package glia.engine;

import glia.io.CheckpointException;
import glia.io.json.JsonTree.JsonText;
import glia.io.json.JsonTree;
import glia.io.json.JsonValues;
import glia.io.picture.Film;
import glia.io.picture.Picture;
import glia.io.picture.PictureException;
import glia.io.sound.Sound;
import glia.io.sound.SoundException;
import glia.text.template.ChatMessage;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;

/// A conversation in a JSON file, in the form of [OpenAI's API](https://platform.openai.com/docs/api-reference/chat):
///
/// ```json
/// {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."}]}
/// ```
///
/// Markers that a model generated as tokens, such as `<think>`, are plain text after they are read.
public final class ChatFile {
    private static final long MAX_BYTES = 100_000_000;

    private ChatFile() { }

    /// Writes messages to a new file.
    ///
    /// @throws FileAlreadyExistsException if there is such a file
    /// @throws IOException if it cannot be written
    public static void write(Path file, List<ChatMessage> messages) throws IOException {
        StringBuilder text = new StringBuilder("{\"messages\": [");
        String separator = "\n";
        for (ChatMessage message : messages) {
            text.append(separator).append(json(message));
            separator = ",\n";
        }
        Files.writeString(file, text.append("\n]}\n"), StandardOpenOption.CREATE_NEW);
    }

    private static String json(ChatMessage message) {
        Map<String, Object> others = message.variables();
        Object content = others.get("content") instanceof List<?> ? message.parts().stream().map(ChatFile::written)
                .toList() : message.content();
        StringBuilder text = new StringBuilder("{\"role\": ").append(JsonText.quote(message.role()))
                .append(", \"content\": ").append(JsonTree.of(content));
        others.keySet().removeAll(List.of("role", "content", "thinking"));
        others.forEach((key, value) -> text.append(", ").append(JsonText.quote(key)).append(": ")
                .append(JsonTree.of(value)));
        return text.append('}').toString();
    }

    private static Object written(Object part) {
        Optional<Sound> sound = ChatMessage.sound(part);
        if (sound.isPresent()) {
            return Map.of("type", "input_audio", "input_audio", Map.of("data", sound.get().base64()));
        }
        return switch (ChatMessage.visual(part).orElse(null)) {
            case Picture picture -> Map.of("type", "image_url", "image_url", Map.of("url", picture.dataUrl()));
            case Film film -> Map.of("type", "video", "frames", film.frames().stream().map(Picture::dataUrl).toList(),
                    "seconds", film.seconds());
            case null -> part;
        };
    }

    private static Film film(List<?> frames, List<?> seconds) {
        return new Film("the film", frames.stream().map(frame -> Picture.ofBase64("the film", frame.toString(),
                Picture.Limits.DEFAULT)).toList(), seconds.stream().map(s -> ((Number) s).doubleValue()).toList());
    }

    /// A part with its picture, if it is one in a data URL, or with its film or sound.
    private static Object read(Path file, String where, Object part) throws CheckpointException {
        try {
            return part instanceof Map<?, ?> map ? read(map) : part;
        } catch (SoundException | PictureException | ClassCastException e) {
            throw new CheckpointException(file, where, e.getMessage(), e);
        }
    }

    private static Object read(Map<?, ?> part) throws SoundException {
        if (part.get("input_audio") instanceof Map<?, ?> audio && audio.get("data") instanceof String data) {
            return Sound.ofBase64("the sound", data, Sound.Limits.DEFAULT).part();
        }
        if (part.get("frames") instanceof List<?> frames && part.get("seconds") instanceof List<?> seconds) {
            return film(frames, seconds).part();
        }
        return part.get("image_url") instanceof Map<?, ?> image && image.get("url") instanceof String url
                && url.startsWith("data:") ? Picture.ofBase64("the picture", url, Picture.Limits.DEFAULT).part() : part;
    }

    /// Reads the messages of a file: an object with the key `messages`, or the array alone.
    ///
    /// @throws CheckpointException if the file holds anything else, or a message has a part that is
    ///     neither text, a picture in a `data:` URL nor a sound
    /// @throws IOException if it cannot be read
    public static List<ChatMessage> read(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new CheckpointException(file, "", "found " + Files.size(file) + " bytes, expected at most "
                    + MAX_BYTES);
        }
        try {
            Object root = JsonValues.parse(Files.readAllBytes(file));
            Object list = root instanceof Map<?, ?> map ? map.get("messages") : root;
            if (!(list instanceof List<?> all)) {
                throw new CheckpointException(file, "", "found no list of messages, expected "
                        + "{\"messages\": [{\"role\": \"user\", \"content\": \"…\"}]}");
            }
            List<ChatMessage> messages = new ArrayList<>();
            for (Object one : all) {
                messages.add(message(file, "messages[" + messages.size() + "]", one));
            }
            return messages;
        } catch (JacksonException e) {
            throw new CheckpointException(file, "", "is not the JSON expected: " + e.getOriginalMessage(), e);
        }
    }

    private static ChatMessage message(Path file, String where, Object value) throws CheckpointException {
        if (!(value instanceof Map<?, ?> map && map.get("role") instanceof String role)) {
            throw new CheckpointException(file, where, "found no role, expected {\"role\": \"user\", \"content\": "
                    + "\"…\"}");
        }
        Map<String, Object> extra = new LinkedHashMap<>();
        map.forEach((key, one) -> extra.put((String) key, one));
        extra.remove("role");
        Object content = extra.remove("content");
        Object reasoning = extra.remove("reasoning_content");
        if (content instanceof List<?> parts) {
            List<Object> all = new ArrayList<>();
            for (Object part : parts) {
                all.add(read(file, where + ".content[" + all.size() + "]", part));
            }
            extra.put("content", all);
        } else if (content != null && !(content instanceof String)) {
            throw new CheckpointException(file, where + ".content", "found " + content + ", expected a text");
        }
        ChatMessage message = new ChatMessage(role, content instanceof String text ? text : "", List.of(),
                reasoning instanceof String text ? text : "", extra);
        try {
            message.requirePictures();
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file, where, e.getMessage(), e);
        }
        return message;
    }
}
