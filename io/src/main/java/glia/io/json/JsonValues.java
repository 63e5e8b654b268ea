package glia.io.json;

import java.lang.reflect.Array;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/// JSON as Java values: texts, `Integer`, `Long`, `BigInteger`, `Double`, flags, null, lists and maps of these. A start
/// does without Jackson's nodes and mapper: they take longer than to read a model's header.
public final class JsonValues {
    private static final int MAX_DEPTH = 64;
    // Python writes NaN and Infinity, which some configs hold, although JSON has no such numbers.
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

    private JsonValues() { }

    /// A parser as all of a model's JSON is read with.
    public static JsonParser parser(String json) {
        return JSON.createParser(ObjectReadContext.empty(), json);
    }

    /// The same for a text that is UTF-8.
    public static JsonParser parser(byte[] utf8) {
        return JSON.createParser(ObjectReadContext.empty(), utf8);
    }

    /// The value that a text holds.
    ///
    /// @throws JacksonException if it is not JSON, goes on after its value, is nested deeper than 64 or has a key twice
    public static Object parse(String json) {
        return whole(parser(json));
    }

    /// The same for a text that must be UTF-8.
    public static Object parse(byte[] utf8) {
        return whole(parser(utf8));
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

    /// The value that begins with a parser's current token.
    ///
    /// @throws JacksonException if it is not JSON, is nested deeper than 64 or has a key twice
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

    /// The same value in these types, arrays as lists.
    ///
    /// @throws IllegalArgumentException if it or a part of it is something else
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
}
