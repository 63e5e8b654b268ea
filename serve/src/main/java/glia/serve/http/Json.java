package glia.serve.http;

import glia.io.json.JsonErrors;
import glia.io.json.JsonValues;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.databind.json.JsonMapper;

/// JSON of requests and responses.
public final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

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
        try {
            return Fields.of("", parser.apply(utf8));
        } catch (StreamConstraintsException e) {
            throw ServeException.badRequest("the body's JSON exceeds a limit: " + JsonErrors.reason(e)
                    + "; the server's options --max-json-depth, --max-json-values and --max-string raise the limits");
        } catch (JacksonException e) {
            var at = e.getLocation();
            throw ServeException.badRequest("the body is no JSON" + (at == null ? "" : " (line " + at.getLineNr()
                    + ", column " + at.getColumnNr() + ")") + ": " + JsonErrors.reason(e));
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
