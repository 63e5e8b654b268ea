package glia.engine.grammar;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Random JSON schemas, and random values that are often close to them.
final class RandomSchemas {
    private static final List<String> NAMES = List.of("a", "b", "ab", "c\"", "é");
    private static final List<String> PATTERNS = List.of("^a", "b$", "^[ab]*$", "a|^b", "^(?!a)", "^.{2}$", "\\d", "é");
    private static final List<String> TYPES = List.of("null", "boolean", "integer", "number", "string", "array",
            "object");
    private static final double[] NUMBERS = {0, 1, -1, 2, 3, 10, 12, 99, 100, 0.5, 1.5, -2.5, 0.25, 3.75};

    private final Random random;

    RandomSchemas(Random random) {
        this.random = random;
    }

    private <T> T one(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    private boolean chance(int of) {
        return random.nextInt(of) == 0;
    }

    /// A schema with a definition `x`, to which its parts may refer.
    Map<String, Object> document() {
        Map<String, Object> schema = object(3);
        schema.put("$defs", Map.of("x", schema(2), "list", Map.of("type", "array", "items", Map.of("$ref",
                "#/$defs/list"), "maxItems", 2)));
        return schema;
    }

    private Object schema(int depth) {
        return chance(12) ? (Object) random.nextBoolean() : object(depth);
    }

    private Map<String, Object> object(int depth) {
        Map<String, Object> s = new LinkedHashMap<>();
        if (chance(2)) {
            s.put("type", chance(3) ? List.of(TYPES.get(random.nextInt(4)), one(List.of("string", "array", "object")))
                    : one(TYPES));
        }
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            keyword(s, depth);
        }
        return s;
    }

    private void keyword(Map<String, Object> s, int depth) {
        switch (random.nextInt(depth > 0 ? 25 : 12)) {
            case 0 -> s.put("minimum", number());
            case 1 -> s.put("exclusiveMaximum", number());
            case 2 -> s.put("maximum", number());
            case 3 -> s.put("multipleOf", one(List.of(2, 3, 0.5, 1.5, 10)));
            case 4 -> s.put("minLength", random.nextInt(3));
            case 5 -> s.put("maxLength", random.nextInt(4));
            case 6 -> s.put("pattern", one(PATTERNS));
            case 7 -> s.put("enum", List.of(value(1), value(1), value(0)));
            case 8 -> s.put("const", value(1));
            case 9 -> s.put("required", List.of(one(NAMES)));
            case 10 -> s.put(random.nextBoolean() ? "minItems" : "maxItems", random.nextInt(3));
            case 11 -> s.put(random.nextBoolean() ? "minProperties" : "maxProperties", random.nextInt(3));
            case 12, 13 -> {
                Map<String, Object> properties = new LinkedHashMap<>();
                properties.put(one(NAMES), schema(depth - 1));
                properties.put("b", schema(depth - 1));
                s.put("properties", properties);
            }
            case 14 -> s.put("additionalProperties", schema(depth - 1));
            case 15 -> s.put("patternProperties", Map.of(one(PATTERNS), schema(depth - 1)));
            case 16 -> s.put("items", schema(depth - 1));
            case 17 -> s.put("prefixItems", List.of(schema(depth - 1), schema(depth - 1)));
            case 18 -> s.put(one(List.of("allOf", "anyOf", "oneOf")), List.of(schema(depth - 1), schema(depth - 1)));
            case 19 -> s.put("not", schema(depth - 1));
            case 20 -> {
                s.put("if", schema(depth - 1));
                s.put("then", schema(depth - 1));
                s.put("else", schema(depth - 1));
            }
            case 21 -> s.put(one(List.of("contains", "propertyNames")), schema(depth - 1));
            case 23 -> {
                s.put("type", "array");
                s.put("uniqueItems", true);
                s.put("items", one(List.of(Map.of("enum", List.of(value(0), value(0), value(0), 1, 1.0)),
                        Map.of("type", List.of("boolean", "null")), Map.of("type", "integer", "minimum", 0, "maximum",
                                3))));
            }
            case 22 -> s.put("$ref", one(List.of("#/$defs/x", "#/$defs/list", "#")));
            default -> {
                s.put("dependentRequired", Map.of("a", List.of("b")));
                s.put("dependentSchemas", Map.of("b", schema(depth - 1)));
            }
        }
    }

    private Number number() {
        double number = NUMBERS[random.nextInt(NUMBERS.length)];
        if (number == Math.rint(number)) {
            return (int) number;
        }
        return number;
    }

    /// A value of small parts.
    Object value(int depth) {
        return switch (random.nextInt(depth > 0 ? 9 : 6)) {
            case 0 -> "";
            case 1 -> random.nextBoolean();
            case 2, 3 -> number();
            case 4, 5 -> text();
            case 6 -> {
                List<Object> list = new ArrayList<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    list.add(value(depth - 1));
                }
                yield list;
            }
            default -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    map.put(one(NAMES), value(depth - 1));
                }
                yield map;
            }
        };
    }

    private String text() {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(4); i > 0; i--) {
            text.append(one(List.of("a", "b", "é", "😀", "1", "\"", "\n", " ")));
        }
        return text.toString();
    }
}
