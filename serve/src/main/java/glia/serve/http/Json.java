package glia.serve.http;

import glia.io.json.JsonErrors;
import glia.io.json.JsonValues;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
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
            return Fields.of("", parser.apply(utf8));
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
