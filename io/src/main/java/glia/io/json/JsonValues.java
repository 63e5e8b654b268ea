package glia.io.json;

import java.lang.reflect.Array;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/// Reads JSON as Java values: `String`, `Integer`, `Long`, `BigInteger`, `Double`, `Boolean`, null, lists and maps of
/// these. Jackson's nodes and mapper are avoided: loading them takes longer than reading a model's header.
public final class JsonValues {
    private static final JsonFactory JSON = JsonLimits.DEFAULT.factory(true);

    private JsonValues() { }

    /// A parser with the settings for all JSON of a model.
    public static JsonParser parser(String json) {
        return JSON.createParser(ObjectReadContext.empty(), json);
    }

    /// The same for UTF-8.
    public static JsonParser parser(byte[] utf8) {
        return JSON.createParser(ObjectReadContext.empty(), utf8);
    }

    /// Parses a JSON text.
    ///
    /// @throws JacksonException if it is not JSON, has trailing content, a nesting deeper than 64 or a duplicate key
    public static Object parse(String json) {
        return whole(parser(json));
    }

    /// Parses a JSON text in UTF-8.
    public static Object parse(byte[] utf8) {
        return whole(parser(utf8));
    }

    /// Returns a parser of texts in UTF-8 with other limits, for texts from anywhere. NaN and Infinity are no numbers.
    ///
    /// @return throws [JacksonException] like [#parse(byte[])], or [StreamConstraintsException] for a text
    ///     beyond a limit
    public static Function<byte[], Object> within(JsonLimits limits) {
        JsonFactory factory = limits.factory(false);
        return utf8 -> whole(factory.createParser(ObjectReadContext.empty(), utf8));
    }

    private static Object whole(JsonParser json) {
        try (JsonParser parser = json) {
            if (parser.nextToken() == null) {
                throw new StreamReadException(parser, "the text is empty");
            }
            Object value = read(parser);
            if (parser.nextToken() != null) {
                throw new StreamReadException(parser, "the text goes on after its value");
            }
            return value;
        }
    }

    /// Reads the value at a parser's current token.
    ///
    /// @throws JacksonException if it is not JSON, nested deeper than 64 or has a duplicate key
    public static Object read(JsonParser parser) {
        return switch (parser.currentToken()) {
            case START_OBJECT -> readObject(parser);
            case START_ARRAY -> readList(parser);
            case VALUE_STRING -> parser.getString();
            case VALUE_NUMBER_INT -> switch (parser.getNumberType()) {
                case INT -> parser.getIntValue();
                case LONG -> parser.getLongValue();
                default -> parser.getBigIntegerValue();
            };
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> throw new StreamReadException(parser, "unexpected " + parser.currentToken());
        };
    }

    private static Map<String, Object> readObject(JsonParser parser) {
        Map<String, Object> object = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            if (object.containsKey(key)) {
                throw new StreamReadException(parser, "the key \"" + key + "\" is there twice");
            }
            parser.nextToken();
            object.put(key, read(parser));
        }
        return object;
    }

    private static List<Object> readList(JsonParser parser) {
        List<Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            list.add(read(parser));
        }
        return list;
    }

    /// Converts a value to these types, arrays to lists.
    ///
    /// @throws IllegalArgumentException if it or an element has another type
    public static Object of(Object value) {
        return switch (value) {
            case String s -> s;
            case Boolean b -> b;
            case Integer n -> n;
            case Long n -> n;
            case BigInteger n -> n;
            case Double n -> n;
            case Float n -> n.doubleValue();
            case Map<?, ?> map -> object(map);
            case List<?> list -> {
                List<Object> values = new ArrayList<>(list.size());
                list.forEach(one -> values.add(of(one)));
                yield values;
            }
            case null -> null;
            case Object array when array.getClass().isArray() -> {
                List<Object> values = new ArrayList<>();
                for (int i = 0; i < Array.getLength(array); i++) {
                    values.add(of(Array.get(array, i)));
                }
                yield values;
            }
            default -> throw new IllegalArgumentException("JSON has no form for a " + value.getClass().getName());
        };
    }

    /// The same for an object.
    public static Map<String, Object> object(Map<?, ?> values) {
        Map<String, Object> object = new LinkedHashMap<>();
        values.forEach((key, one) -> object.put((String) key, of(one)));
        return object;
    }

    /// Limits of a JSON text from anywhere. What exceeds one is refused while it is read, before memory is taken for
    /// it.
    ///
    /// @param depth the most nested lists and objects
    /// @param values the most values and names together
    /// @param stringLength the longest string, in UTF-16 units
    public record JsonLimits(int depth, int values, int stringLength) {
        /// 64 levels and 100 million characters in a string; any number of values. For files.
        public static final JsonLimits DEFAULT = new JsonLimits(64, Integer.MAX_VALUE, 100_000_000);

        public JsonLimits withDepth(int most) {
            return new JsonLimits(most, values, stringLength);
        }

        public JsonLimits withValues(int most) {
            return new JsonLimits(depth, most, stringLength);
        }

        public JsonLimits withStringLength(int most) {
            return new JsonLimits(depth, values, most);
        }

        /// @param isLenient whether NaN and Infinity are numbers: Python writes them into some configs, although JSON
        ///     has
        ///     no such numbers
        JsonFactory factory(boolean isLenient) {
            return JsonFactory.builder().streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(depth)
                    .maxTokenCount(values).maxStringLength(stringLength).build())
                    .configure(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS, isLenient).build();
        }
    }
}
