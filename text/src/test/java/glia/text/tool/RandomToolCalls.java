package glia.text.tool;

import static glia.text.tool.RealTemplates.ordered;

import glia.text.template.ToolCall;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// Random calls whose strings are full of the markers of a format.
final class RandomToolCalls {
    private static final List<String> NAMES = List.of("s", "text", "n", "i", "b", "o", "a", "u");

    private final SplittableRandom random;
    private final List<String> parts;

    RandomToolCalls(SplittableRandom random, ToolFormat format) {
        this.random = random;
        this.parts = new ArrayList<>(format.markers());
        parts.addAll(format.markers());
        parts.addAll(List.of("\n", "\n", " ", "\r\n", "\t", "\"", "\\", "'", "{", "}", "[", "]", ",", ":", "<", ">",
                "=", "f", "ping", "text", "n", "word", "12", "Zürich", "東京", "\uD83D\uDE42", "<think>", "</think>",
                "```", "json", "{\"name\": \"ping\"}", "\">", ">\n", "|", "null", "\u0001", "{{ x }}"));
    }

    /// Tools whose schema lists every parameter of a call.
    ///
    /// @param isClosed whether it forbids others
    static List<Map<String, Object>> tools(boolean isClosed) {
        Map<String, Object> properties = ordered("s", type("string"), "text", type("string"), "n", type("number"), "i",
                type("integer"), "b", type("boolean"), "o", type("object"), "a", type("array"), "u",
                type(List.of("string", "null")));
        Map<String, Object> schema = ordered("type", "object", "properties", properties, "required", List.of());
        if (isClosed) {
            schema.put("additionalProperties", false);
        }
        return List.of(ordered("type", "function", "function", ordered("name", "f", "description", "Does f.",
                "parameters", schema)), RealTemplates.tool("ping", Map.of()));
    }

    private static Map<String, Object> type(Object type) {
        return Map.of("type", type, "description", "A " + type + ".");
    }

    /// Up to `most` calls.
    List<ToolCall> calls(int most) {
        List<ToolCall> calls = new ArrayList<>();
        for (int i = random.nextInt(most); i >= 0; i--) {
            String id = "abc12345" + calls.size();
            calls.add(random.nextInt(6) == 0 ? new ToolCall(id, "ping", Map.of()) : new ToolCall(id, "f", arguments()));
        }
        return calls;
    }

    private Map<String, Object> arguments() {
        List<String> names = new ArrayList<>(NAMES);
        Map<String, Object> arguments = new LinkedHashMap<>();
        for (int i = random.nextInt(5); i >= 0; i--) {
            String name = names.remove(random.nextInt(names.size()));
            arguments.put(name, switch (name) {
                case "n" -> number();
                case "i" -> integer();
                case "b" -> random.nextBoolean();
                case "o" -> object(3);
                case "a" -> array(3);
                case "u" -> random.nextBoolean() ? null : "u" + string();
                default -> string();
            });
        }
        return arguments;
    }

    private Object number() {
        return random.nextBoolean() ? integer() : random.nextInt(1_000_000) / 128.0 * (random.nextBoolean() ? 1 : -1);
    }

    private Object integer() {
        return random.nextInt(4) == 0 ? new BigInteger(70, new java.util.Random(random.nextLong())).negate()
                : (Object) random.nextInt(-1000, 1000);
    }

    private Object value(int depth) {
        return switch (random.nextInt(depth > 0 ? 7 : 5)) {
            case 0 -> integer();
            case 1 -> random.nextBoolean();
            case 2 -> null;
            case 3, 4 -> string();
            case 5 -> object(depth - 1);
            default -> array(depth - 1);
        };
    }

    private Map<String, Object> object(int depth) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            object.put(List.of("a", "b_2", "c-3", "Ü", "text", "dd").get(random.nextInt(6)), value(depth));
        }
        return object;
    }

    private List<Object> array(int depth) {
        List<Object> array = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            array.add(value(depth));
        }
        return array;
    }

    String string() {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(9); i > 0; i--) {
            text.append(parts.get(random.nextInt(parts.size())));
        }
        return text.toString();
    }

    /// Calls in a form that compares by value.
    static List<Object> plain(List<ToolCall> calls) {
        return calls.stream().<Object>map(call -> List.of(call.name(), plain(call.arguments()))).toList();
    }

    private static Object plain(Object value) {
        return switch (value) {
            case Map<?, ?> map -> {
                Map<Object, Object> plain = new LinkedHashMap<>();
                map.forEach((key, one) -> plain.put(key, plain(one)));
                yield plain;
            }
            case List<?> list -> {
                List<Object> plain = new ArrayList<>();
                list.forEach(one -> plain.add(plain(one)));
                yield plain;
            }
            case Number number -> new BigDecimal(number.toString()).stripTrailingZeros();
            case null, default -> value;
        };
    }
}
