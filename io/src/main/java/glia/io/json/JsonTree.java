package glia.io.json;

import java.lang.reflect.Array;
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
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Makes trees of JSON nodes from texts and from values. It does without Jackson's mapper, whose start takes longer
/// than to read a model's header.
public final class JsonTree {
    private static final int MAX_DEPTH = 64;
    // Python writes NaN and Infinity, which some configs hold, although JSON has no such numbers.
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private JsonTree() { }

    /// A parser as all of Glia's JSON is read with.
    public static JsonParser parser(String json) {
        return JSON.createParser(ObjectReadContext.empty(), json);
    }

    /// The value that a text holds.
    ///
    /// @throws JacksonException if it is not JSON, goes on after its value, is nested deeper than 64 or has a key twice
    public static JsonNode parse(String json) {
        try (JsonParser parser = parser(json)) {
            if (parser.nextToken() == null) {
                throw new StreamReadException(parser, "the text is empty");
            }
            JsonNode node = node(parser);
            if (parser.nextToken() != null) {
                throw new StreamReadException(parser, "the text goes on after its value");
            }
            return node;
        }
    }

    private static JsonNode node(JsonParser parser) {
        return switch (parser.currentToken()) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> NODES.stringNode(parser.getString());
            case VALUE_NUMBER_INT -> switch (parser.getNumberType()) {
                case INT -> NODES.numberNode(parser.getIntValue());
                case LONG -> NODES.numberNode(parser.getLongValue());
                default -> NODES.numberNode(parser.getBigIntegerValue());
            };
            case VALUE_NUMBER_FLOAT -> NODES.numberNode(parser.getDoubleValue());
            case VALUE_TRUE -> NODES.booleanNode(true);
            case VALUE_FALSE -> NODES.booleanNode(false);
            case VALUE_NULL -> NODES.nullNode();
            default -> throw new StreamReadException(parser, "unexpected " + parser.currentToken());
        };
    }

    private static ObjectNode object(JsonParser parser) {
        ObjectNode object = NODES.objectNode();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            if (object.has(key)) {
                throw new StreamReadException(parser, "the key \"" + key + "\" is there twice");
            }
            parser.nextToken();
            object.set(key, node(parser));
        }
        return object;
    }

    private static ArrayNode array(JsonParser parser) {
        ArrayNode array = NODES.arrayNode();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            array.add(node(parser));
        }
        return array;
    }

    /// The same tree with the keys of all objects in alphabetical order.
    public static JsonNode sorted(JsonNode node) {
        return switch (node) {
            case ObjectNode from -> {
                ObjectNode object = NODES.objectNode();
                from.propertyNames().stream().sorted().forEach(key -> object.set(key, sorted(from.get(key))));
                yield object;
            }
            case ArrayNode from -> {
                ArrayNode array = NODES.arrayNode();
                from.forEach(one -> array.add(sorted(one)));
                yield array;
            }
            default -> node;
        };
    }

    /// The tree of a Java value.
    ///
    /// @param value a text, number, flag, null, or an array, list or map of these
    /// @throws IllegalArgumentException if it is something else
    public static JsonNode of(Object value) {
        return switch (value) {
            case null -> NODES.nullNode();
            case JsonNode node -> node;
            case String s -> NODES.stringNode(s);
            case Boolean b -> NODES.booleanNode(b);
            case Integer n -> NODES.numberNode(n.intValue());
            case Long n -> NODES.numberNode(n.longValue());
            case Float n -> NODES.numberNode(n.doubleValue());
            case Double n -> NODES.numberNode(n.doubleValue());
            case Map<?, ?> map -> {
                ObjectNode object = NODES.objectNode();
                map.forEach((key, one) -> object.set((String) key, of(one)));
                yield object;
            }
            case List<?> list -> of(list.toArray());
            case Object array when array.getClass().isArray() -> {
                ArrayNode nodes = NODES.arrayNode();
                for (int i = 0; i < Array.getLength(array); i++) {
                    nodes.add(of(Array.get(array, i)));
                }
                yield nodes;
            }
            default -> throw new IllegalArgumentException("JSON has no form for a " + value.getClass().getName());
        };
    }
}
