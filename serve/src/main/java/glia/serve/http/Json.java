package glia.serve.http;

import glia.io.json.JsonTree.JsonErrors;
import glia.io.json.JsonValues;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.databind.json.JsonMapper;

/// JSON of requests and responses.
public final class Json {
    /// Characters that are checked at a time.
    private static final int DECODED = 8192;
    /// Characters of a name in messages.
    private static final int MOST_SHOWN = 60;
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final Pattern SETTINGS = Pattern.compile(", from `[^`]*`|: enable `[^`]*` to allow"
            + "|: maybe a \\(non-standard\\) comment\\?.*");

    private Json() { }

    /// Reads the object of a request's body.
    ///
    /// @throws ServeException if it is no JSON object: status 400
    public static Fields parse(byte[] utf8) {
        return parse(utf8, JsonValues::parse);
    }

    /// The same with a parser that has limits.
    ///
    /// @throws ServeException if it is no JSON object, or exceeds a limit: status 400
    static Fields parse(byte[] utf8, Function<byte[], Object> parser) {
        requireUtf8(utf8);
        try {
            Object body = parser.apply(utf8);
            requireCharacters("", body);
            return Fields.of("", body);
        } catch (StreamConstraintsException e) {
            throw ServeException.badRequest("the body's JSON exceeds a limit: " + reason(e) + "; the server's options "
                    + "--max-json-depth, --max-json-values and --max-string raise those of levels, values and strings");
        } catch (JacksonException e) {
            var at = e.getLocation();
            throw ServeException.badRequest("the body is no JSON" + (at == null ? "" : " (line " + at.getLineNr()
                    + ", column " + at.getColumnNr() + ")") + ": " + reason(e));
        }
    }

    /// The reason without what it says of the parser's settings, which a client cannot change.
    private static String reason(JacksonException e) {
        return SETTINGS.matcher(JsonErrors.reason(e)).replaceAll("");
    }

    /// The parser would take some invalid bytes, and recognize UTF-16 and UTF-32.
    private static void requireUtf8(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(Math.min(bytes.length + 1, DECODED));
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        CoderResult result = decoder.decode(in, out, true);
        while (result.isOverflow()) {
            out.clear();
            result = decoder.decode(in, out, true);
        }
        if (result.isError()) {
            throw ServeException.badRequest("the body is not UTF-8: found byte " + (bytes[in.position()] & 0xFF)
                    + " at " + in.position());
        }
        for (int i = 0; i < Math.min(4, bytes.length); i++) {
            if (bytes[i] == 0) {
                throw ServeException.badRequest("the body is not UTF-8 JSON: found byte 0 at " + i);
            }
        }
    }

    /// Refuses half of a surrogate pair in a text or a name, such as an emoji that was cut in two: escapes of JSON can
    /// write it, but it is no character, and UTF-8 has no bytes for it (RFC 7493, section 2.1).
    ///
    /// @param path the name of the value in messages; empty for the body
    /// @throws ServeException if there is one: status 400
    public static void requireCharacters(String path, Object value) {
        StringBuilder place = new StringBuilder();
        String found = half(value, place);
        if (found != null) {
            String field = path + place;
            field = field.startsWith(".") ? field.substring(1) : field;
            String message = "found " + found + " alone, which is half of a surrogate pair; expected both halves";
            throw field.isEmpty() ? ServeException.badRequest("the body: " + message)
                    : ServeException.badField(field, message);
        }
    }

    /// @param place gets where it is
    /// @return the first half of a pair in a value, as JSON writes it; null for none
    private static String half(Object value, StringBuilder place) {
        String found = null;
        if (value instanceof String text) {
            int at = half(text);
            found = at < 0 ? null : "\\u%04x".formatted((int) text.charAt(at));
        } else if (value instanceof List<?> list) {
            for (int i = 0; i < list.size() && found == null; i++) {
                found = half(list.get(i), place);
                if (found != null) {
                    place.insert(0, "[" + i + "]");
                }
            }
        } else if (value instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> one : map.entrySet()) {
                String name = (String) one.getKey();
                found = half((Object) name, place);
                if (found != null) {
                    return found + " in a name";
                }
                found = half(one.getValue(), place);
                if (found != null) {
                    boolean isLong = name.length() > MOST_SHOWN;
                    place.insert(0, "." + (isLong ? name.substring(0, name.offsetByCodePoints(0, MOST_SHOWN / 2)) + "…"
                            : name));
                    return found;
                }
            }
        }
        return found;
    }

    /// Where a text has half of a surrogate pair; -1 if nowhere.
    private static int half(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                return i;
            }
        }
        return -1;
    }

    /// UTF-8 JSON of maps, lists, strings, numbers, truth values and null.
    public static byte[] bytes(Object value) {
        return MAPPER.writeValueAsBytes(value);
    }

    /// JSON text of the same values.
    public static String text(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    /// A map in the order of its arguments.
    ///
    /// @param entries keys and values in turn; entries whose value is [#ABSENT] are left out
    public static Map<String, Object> object(Object... entries) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            if (entries[i + 1] != ABSENT) {
                map.put((String) entries[i], entries[i + 1]);
            }
        }
        return map;
    }

    /// The value of an entry that [#object] leaves out.
    public static final Object ABSENT = new Object();
}
