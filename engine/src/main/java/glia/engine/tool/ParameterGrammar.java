package glia.engine.tool;

import static glia.engine.tool.ToolGrammar.sequence;
import static glia.engine.tool.ToolGrammar.text;

import glia.engine.grammar.Grammar;
import glia.engine.grammar.limit.GrammarException;
import glia.io.json.JsonTree;
import glia.text.tool.JsonType;
import glia.text.tool.ToolFormat.Braces;
import glia.text.tool.ToolFormat.Elements;
import glia.text.tool.ToolFormat.Tag;
import glia.text.tool.ToolSchemas;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Grammars of a tool's parameters where each has a syntax of its own instead of one JSON object.
final class ParameterGrammar {
    private static final int MAX_DEPTH = 16;
    /// Names that are read in Python's syntax.
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{Nd}_./-]+");

    private final ToolSchemas schemas;
    private final String tool;
    private final Map<?, ?> schema;
    private final Map<?, ?> properties;

    ParameterGrammar(ToolSchemas schemas, String tool) {
        this.schemas = schemas;
        this.tool = tool;
        this.schema = schemas.parameters(tool);
        this.properties = schema.get("properties") instanceof Map<?, ?> map ? map : Map.of();
    }

    /// `<function=f><parameter=a>1</parameter></function>`.
    ///
    /// @param hasBegin whether the text before the name is part of it
    Grammar call(Elements format, boolean hasBegin) {
        Tag call = format.call();
        Grammar begin = text((hasBegin ? call.begin() : "") + tool + call.nameEnd() + call.open());
        Grammar end = text(call.close());
        if (properties.isEmpty()) {
            return sequence(begin, end);
        }
        return sequence(begin, unordered(key -> element(key, format), ""), end);
    }

    /// `f(a=1, b="x")`.
    ///
    /// @throws GrammarException if a parameter's name cannot be written so
    Grammar function() {
        Grammar begin = text(tool + "(");
        if (properties.isEmpty()) {
            return sequence(begin, text(")"));
        }
        return sequence(begin, unordered(key -> {
            if (!NAME.matcher(key).matches()) {
                throw GrammarException.unsupported("tools/" + tool + "/parameters/properties/" + key,
                        "a name other than of letters, digits, _, -, . and / in calls in Python's syntax");
            }
            return sequence(text(key + "="), json(key, schemas.types(tool, key)));
        }, ","), text(")"));
    }

    /// `call:f{a:1}`.
    Grammar braces(Braces format) {
        Grammar begin = text("call:" + tool + "{");
        if (properties.isEmpty()) {
            return sequence(begin, text("}"));
        }
        Grammar all = new BraceValues(format, schema).properties(schema, properties, "tools/" + tool + "/parameters",
                0);
        return sequence(begin, all, text("}"));
    }

    private interface OfKey {
        Grammar of(String key);
    }

    private Grammar unordered(OfKey grammar, String separator) {
        List<Grammar> items = new ArrayList<>();
        List<Boolean> required = new ArrayList<>();
        List<?> names = schema.get("required") instanceof List<?> list ? list : List.of();
        for (Object key : properties.keySet()) {
            items.add(grammar.of((String) key).asJson());
            required.add(names.contains(key));
        }
        return Grammar.unordered(items, required, separator);
    }

    private Grammar element(String key, Elements format) {
        Tag tag = format.parameter();
        Set<JsonType> types = schemas.types(tool, key);
        String begin = tag.begin() + key + tag.nameEnd();
        if (tag.begin().contains("DSML")) {
            List<Grammar> choices = new ArrayList<>();
            if (types.contains(JsonType.STRING)) {
                choices.add(string(key, begin + " string=\"true\">", format, false));
            }
            if (!types.equals(JsonType.ONLY_STRING)) {
                choices.add(sequence(text(begin + " string=\"false\">"), json(key, others(types)), text(tag.close())));
            }
            return Grammar.anyOf(choices.stream().map(Grammar::asJson).toList());
        }
        boolean isApart = tag.nameEnd().startsWith("</");
        String open = isApart ? tag.open() : begin + tag.open();
        Grammar value = types.contains(JsonType.STRING) ? string(key, open, format, true)
                : sequence(text(open), json(key, types), text(tag.close()));
        return isApart ? sequence(text(begin), value) : value;
    }

    private static Set<JsonType> others(Set<JsonType> types) {
        Set<JsonType> others = EnumSet.copyOf(types);
        others.remove(JsonType.STRING);
        return others;
    }

    /// A text without quotes between its markers: one of the values that the schema lists, or any without the end
    /// marker. Around a listed value there are no blanks but the template's, which are not part of it.
    ///
    /// @param open the marker before
    /// @param hasOthers whether values that are no strings are written like strings
    private Grammar string(String key, String open, Elements format, boolean hasOthers) {
        String end = format.parameter().close();
        List<Object> values = values(properties.get(key), 0);
        if (values != null && !hasOthers) {
            values.removeIf(one -> !(one instanceof String));
        }
        boolean isPlain = values != null && !values.isEmpty() && values.stream().allMatch(one -> one instanceof String s
                ? s.equals(s.strip()) && !s.contains(end)
                : one == null || one instanceof Boolean || one instanceof Number);
        if (!isPlain) {
            return sequence(text(open), without(end), text(end));
        }
        List<String> breaks = format.hasLines() ? List.of("", "\n") : List.of("");
        return Grammar.choices(values.stream().flatMap(ParameterGrammar::texts)
                .flatMap(one -> breaks.stream().map(line -> open + line + one + line + end)).toList());
    }

    private static Stream<String> texts(Object value) {
        return switch (value) {
            case null -> Stream.of("null", "None");
            case Boolean flag -> Stream.of(flag.toString(), flag ? "True" : "False");
            case String string -> Stream.of(string);
            default -> Stream.of(JsonTree.of(value).toString());
        };
    }

    /// The values that a schema lists; null if there are others.
    private List<Object> values(Object node, int depth) {
        if (!(node instanceof Map<?, ?> one) || depth > MAX_DEPTH) {
            return null;
        }
        if (one.get("enum") instanceof List<?> list) {
            return list.isEmpty() ? null : new ArrayList<>(list);
        }
        if (one.containsKey("const")) {
            return new ArrayList<>(Collections.singletonList(one.get("const")));
        }
        if (one.get("$ref") instanceof String reference) {
            return values(ToolSchemas.resolved(reference, schema), depth + 1);
        }
        if (one.get("allOf") instanceof List<?> all && all.size() == 1) {
            return values(all.getFirst(), depth + 1);
        }
        if ("null".equals(one.get("type"))) {
            return new ArrayList<>(Collections.singletonList(null));
        }
        Object choices = one.get("anyOf") == null ? one.get("oneOf") : one.get("anyOf");
        if (!(choices instanceof List<?> list) || list.isEmpty()) {
            return null;
        }
        List<Object> all = new ArrayList<>();
        for (Object choice : list) {
            List<Object> some = values(choice, depth + 1);
            if (some == null) {
                return null;
            }
            all.addAll(some);
        }
        return all;
    }

    /// Any text that does not contain a marker.
    static Grammar without(String marker) {
        return Grammar.regex("(?s)(?!.*" + escaped(marker) + ").*");
    }

    /// A text as a part of a regular expression.
    static String escaped(String text) {
        return text.replaceAll("[\\\\^$.|?*+()\\[\\]{}/]", "\\\\$0");
    }

    /// A value that is no string, in JSON or, where templates write that, as Python's literal.
    private Grammar json(String key, Set<JsonType> types) {
        Map<Object, Object> property = new LinkedHashMap<>();
        if (properties.get(key) instanceof Map<?, ?> map) {
            property.putAll(map);
        }
        property.put("type", types.stream().map(type -> type.name().toLowerCase(java.util.Locale.ROOT)).toList());
        for (String definitions : List.of("$defs", "definitions")) {
            if (schema.containsKey(definitions)) {
                property.putIfAbsent(definitions, schema.get(definitions));
            }
        }
        List<String> words = new ArrayList<>();
        if (types.contains(JsonType.BOOLEAN)) {
            words.addAll(List.of("True", "False"));
        }
        if (types.contains(JsonType.NULL)) {
            words.add("None");
        }
        Grammar json = Grammar.jsonSchema(property);
        return words.isEmpty() ? json : Grammar.anyOf(List.of(json, Grammar.choices(words).asJson()));
    }
}
