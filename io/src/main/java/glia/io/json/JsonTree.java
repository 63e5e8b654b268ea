package glia.io.json;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Trees of Jackson's nodes, for what is easier to read by paths. They are made of `JsonValues`, without the mapper.
public final class JsonTree {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private JsonTree() { }

    /// The value that a text holds.
    ///
    /// @throws JacksonException if it is not JSON, goes on after its value, is nested deeper than 64 or has a key twice
    public static JsonNode parse(String json) {
        return node(JsonValues.parse(json));
    }

    /// The same for a text that must be UTF-8.
    public static JsonNode parse(byte[] utf8) {
        return node(JsonValues.parse(utf8));
    }

    /// The value that begins with a parser's current token.
    ///
    /// @throws JacksonException if it is not JSON, is nested deeper than 64 or has a key twice
    public static JsonNode read(JsonParser parser) {
        return node(JsonValues.read(parser));
    }

    /// An object without keys.
    public static ObjectNode empty() {
        return NODES.objectNode();
    }

    /// The tree of a Java value.
    ///
    /// @throws IllegalArgumentException if it has no form in JSON
    public static JsonNode of(Object value) {
        return node(JsonValues.of(value));
    }

    private static JsonNode node(Object value) {
        return switch (value) {
            case null -> NODES.nullNode();
            case String s -> NODES.stringNode(s);
            case Boolean b -> NODES.booleanNode(b);
            case Integer n -> NODES.numberNode(n.intValue());
            case Long n -> NODES.numberNode(n.longValue());
            case BigInteger n -> NODES.numberNode(n);
            case Double n -> NODES.numberNode(n.doubleValue());
            case Map<?, ?> map -> {
                ObjectNode object = NODES.objectNode();
                map.forEach((key, one) -> object.set((String) key, node(one)));
                yield object;
            }
            case List<?> list -> {
                ArrayNode array = NODES.arrayNode();
                list.forEach(one -> array.add(node(one)));
                yield array;
            }
            default -> throw new IllegalArgumentException("no value of JSON: " + value.getClass().getName());
        };
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
}
