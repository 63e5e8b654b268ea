package glia.io.json;

import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Converts [JsonValues] to trees of Jackson nodes, without Jackson's mapper.
public final class JsonTree {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private JsonTree() { }

    /// Parses a JSON text.
    ///
    /// @throws JacksonException if it is not JSON, has trailing content, a nesting deeper than 64 or a duplicate key
    public static JsonNode parse(String json) {
        return node(JsonValues.parse(json));
    }

    /// Parses a JSON text in UTF-8.
    public static JsonNode parse(byte[] utf8) {
        return node(JsonValues.parse(utf8));
    }

    /// Reads the value at a parser's current token.
    ///
    /// @throws JacksonException if it is not JSON, nested deeper than 64 or has a duplicate key
    public static JsonNode read(JsonParser parser) {
        return node(JsonValues.read(parser));
    }

    /// An object without keys.
    public static ObjectNode empty() {
        return NODES.objectNode();
    }

    /// The tree of a Java value.
    ///
    /// @throws IllegalArgumentException if it cannot be represented in JSON
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
            default -> throw new IllegalArgumentException("not a JSON value: " + value.getClass().getName());
        };
    }

    /// A copy with the keys of all objects sorted.
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

    /// Describes errors of JSON texts.
    public static final class JsonErrors {
        /// What the parser says of its source, which is not a file.
        private static final Pattern SOURCE = Pattern.compile(
                " \\((for \\w+ starting at|start marker at) \\[Source: [^\\]]*\\]\\)");

        private JsonErrors() { }

        /// The reason without the parser's source.
        public static String reason(JacksonException e) {
            return SOURCE.matcher(e.getOriginalMessage()).replaceAll("");
        }
    }

    /// Writes JSON strings as the safetensors library does.
    public static final class JsonText {
        private JsonText() { }

        /// A string in quotes, with the necessary escapes only.
        public static String quote(String text) {
            StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                switch (c) {
                    case '"' -> quoted.append("\\\"");
                    case '\\' -> quoted.append("\\\\");
                    case '\b' -> quoted.append("\\b");
                    case '\f' -> quoted.append("\\f");
                    case '\n' -> quoted.append("\\n");
                    case '\r' -> quoted.append("\\r");
                    case '\t' -> quoted.append("\\t");
                    default -> quoted.append(c < ' ' ? String.format(Locale.ROOT, "\\u%04x", (int) c)
                            : String.valueOf(c));
                }
            }
            return quoted.append('"').toString();
        }
    }
}
