package glia.io.jsonl;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import glia.io.Suggestions;
import glia.io.picture.Picture;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The JSON object in a line of a JSONL file.
public record JsonLine(TextPlace place, Map<String, Object> values) {
    private static final int MAX_SHOWN = 80;

    /// The string at a key.
    ///
    /// @throws CheckpointException if there is none, or it has unpaired surrogates
    public String text(String key) throws CheckpointException {
        Object value = values.get(key);
        if (value instanceof String text) {
            requireCharacters(key, text);
            return text;
        }
        throw values.containsKey(key) ? place.error(key, "found " + shown(value) + ", expected a string") : missing(key,
                "a string");
    }

    /// The list of strings at a key.
    public List<String> texts(String key) throws CheckpointException {
        if (!(values.get(key) instanceof List<?> list)) {
            throw values.containsKey(key) ? place.error(key, "found " + shown(values.get(key))
                    + ", expected a list of strings") : missing(key, "a list of strings");
        }
        List<String> texts = new ArrayList<>();
        for (Object one : list) {
            if (!(one instanceof String text)) {
                throw place.error(key + "[" + texts.size() + "]", "found " + shown(one) + ", expected a string");
            }
            requireCharacters(key + "[" + texts.size() + "]", text);
            texts.add(text);
        }
        return texts;
    }

    /// An error about an absent key.
    public CheckpointException missing(String key, String expected) {
        String close = Suggestions.closest(key, values.keySet()).stream().findFirst()
                .map(found -> "; rename " + DisplayText.quote(found) + " if it is meant").orElse("");
        return place.error("found no key \"" + key + "\", expected " + expected + "; the keys are "
                + DisplayText.shorten(values.keySet().toString(), 4 * MAX_SHOWN) + close);
    }

    /// Checks that a string has no unpaired surrogates.
    public void requireCharacters(String key, String text) throws CheckpointException {
        for (int i = 0; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) {
                continue;
            }
            if (i + 1 == text.length() || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
                throw place.error(key, "found an unpaired surrogate (\\u" + Integer.toHexString(text.charAt(i))
                        + "), which is no character; remove it, or escape both of a pair");
            }
            i++;
        }
    }

    /// The picture that a value names.
    ///
    /// @param where the value stands, for messages
    /// @param source a `data:` URL, or a path relative to the file of the line
    /// @throws CheckpointException if it is an address, or the file cannot be read or is no picture
    public Picture picture(String where, String source) throws CheckpointException {
        try {
            if (source.startsWith("data:")) {
                return Picture.ofBase64(where, source, Picture.Limits.DEFAULT);
            }
            if (source.matches("(?i)https?:.*")) {
                throw place.error(where, "found the address " + shown(source) + "; reading data fetches nothing, "
                        + "expected a path beside this file or a data URL");
            }
            Path path = Path.of(source.startsWith("file:") ? URI.create(source).getPath() : source);
            return Picture.readLater(place.file().toAbsolutePath().resolveSibling(path).normalize());
        } catch (IOException e) {
            throw e instanceof CheckpointException own ? own : place.error(where, "the picture " + shown(source)
                    + " cannot be read (" + e.getClass().getSimpleName() + "); expected a path relative to "
                    + place.file().toAbsolutePath().getParent());
        } catch (IllegalArgumentException e) {
            throw place.error(where, e.getMessage());
        }
    }

    /// The pictures of the list of strings at a key; none without the key.
    public List<Picture> pictures(String key) throws CheckpointException {
        List<Picture> pictures = new ArrayList<>();
        for (String source : values.containsKey(key) ? texts(key) : List.<String>of()) {
            pictures.add(picture(key + "[" + pictures.size() + "]", source));
        }
        return pictures;
    }

    /// A value as messages show it.
    public static String shown(Object value) {
        return switch (value) {
            case null -> "null";
            case String text -> text.length() <= MAX_SHOWN ? DisplayText.quote(text)
                    : DisplayText.quote(text.substring(0, MAX_SHOWN) + "…");
            case Map<?, ?> map -> "an object with the keys " + DisplayText.shorten(map.keySet().toString(), MAX_SHOWN);
            case List<?> list -> "a list of " + list.size();
            default -> value.toString();
        };
    }
}
