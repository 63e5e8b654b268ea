package glia.reason.reward;

import dev.harrel.jsonschema.JsonNode;
import dev.harrel.jsonschema.JsonNodeFactory;
import dev.harrel.jsonschema.SimpleType;
import glia.io.json.JsonValues;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A JSON value as the schema validator reads it: Java values as [JsonValues] gives them.
///
/// @param getJsonPointer its place in the document
/// @param value string, number, boolean, null, list or map
record SchemaNode(String getJsonPointer, Object value) implements JsonNode {
    SchemaNode {
        if (!JsonSchemaReward.isJson(value)) {
            throw new IllegalArgumentException("a value of " + value.getClass().getName() + " is not JSON");
        }
    }

    /// Makes nodes of texts and of values.
    static final class Factory implements JsonNodeFactory {
        @Override
        public JsonNode wrap(Object node) {
            return node instanceof JsonNode json ? json : new SchemaNode("", node);
        }

        @Override
        public JsonNode create(String rawJson) {
            return new SchemaNode("", JsonValues.parse(rawJson));
        }
    }

    @Override
    public SimpleType getNodeType() {
        return switch (value) {
            case null -> SimpleType.NULL;
            case Boolean b -> SimpleType.BOOLEAN;
            case String s -> SimpleType.STRING;
            // 1.0 is an integer, too.
            case Number n -> number(n).stripTrailingZeros().scale() <= 0 ? SimpleType.INTEGER : SimpleType.NUMBER;
            case List<?> list -> SimpleType.ARRAY;
            default -> SimpleType.OBJECT;
        };
    }

    private static BigDecimal number(Number n) {
        return n instanceof BigInteger big ? new BigDecimal(big) : new BigDecimal(n.toString());
    }

    @Override
    public boolean asBoolean() {
        return (Boolean) value;
    }

    @Override
    public String asString() {
        return String.valueOf(value);
    }

    @Override
    public BigInteger asInteger() {
        return asNumber().toBigInteger();
    }

    @Override
    public BigDecimal asNumber() {
        return number((Number) value);
    }

    @Override
    public List<JsonNode> asArray() {
        List<JsonNode> all = new ArrayList<>();
        for (Object one : (List<?>) value) {
            all.add(new SchemaNode(getJsonPointer + "/" + all.size(), one));
        }
        return all;
    }

    @Override
    public Map<String, JsonNode> asObject() {
        Map<String, JsonNode> all = new LinkedHashMap<>();
        ((Map<?, ?>) value).forEach((key, one) -> all.put(String.valueOf(key),
                new SchemaNode(getJsonPointer + "/" + JsonNode.encodeJsonPointer(String.valueOf(key)), one)));
        return all;
    }

    /// Equality of JSON values: numbers by value, wherever they stand.
    @Override
    public boolean equals(Object other) {
        return other instanceof SchemaNode node && comparable(value).equals(comparable(node.value));
    }

    @Override
    public int hashCode() {
        return comparable(value).hashCode();
    }

    private static Object comparable(Object value) {
        return switch (value) {
            case null -> SimpleType.NULL;
            case Number n -> number(n).stripTrailingZeros();
            case List<?> list -> list.stream().map(SchemaNode::comparable).toList();
            case Map<?, ?> map -> {
                Map<Object, Object> all = new LinkedHashMap<>();
                map.forEach((key, one) -> all.put(key, comparable(one)));
                yield all;
            }
            default -> value;
        };
    }
}
