package glia.engine.tool;

import static glia.engine.tool.ToolGrammar.sequence;
import static glia.engine.tool.ToolGrammar.text;

import glia.engine.grammar.Grammar;
import glia.engine.grammar.limit.GrammarException;
import glia.text.tool.JsonType;
import glia.text.tool.ToolFormat.Braces;
import glia.text.tool.ToolFormat.Elements;
import glia.text.tool.ToolFormat.Tag;
import glia.text.tool.ToolSchemas;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Grammars of a tool's parameters where each has a syntax of its own instead of one JSON object.
final class ParameterGrammar {
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

    /// `call:f{a:1}`.
    Grammar braces(Braces format) {
        Grammar begin = text("call:" + tool + "{");
        if (properties.isEmpty()) {
            return sequence(begin, text("}"));
        }
        return sequence(begin, unordered(key -> sequence(text(key + ":"), bare(key, format)), ","), text("}"));
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
        Grammar end = text(tag.close());
        if (tag.begin().contains("DSML")) {
            List<Grammar> choices = new ArrayList<>();
            if (types.contains(JsonType.STRING)) {
                choices.add(sequence(text(begin + " string=\"true\">"), string(key, tag.close()), end));
            }
            if (!types.equals(JsonType.ONLY_STRING)) {
                choices.add(sequence(text(begin + " string=\"false\">"), json(key, others(types)), end));
            }
            return Grammar.anyOf(choices.stream().map(Grammar::asJson).toList());
        }
        Grammar value = types.contains(JsonType.STRING) ? string(key, tag.close()) : json(key, types);
        return tag.nameEnd().startsWith("</") ? sequence(text(begin), text(tag.open()), value, end)
                : sequence(text(begin + tag.open()), value, end);
    }

    private static Set<JsonType> others(Set<JsonType> types) {
        Set<JsonType> others = EnumSet.copyOf(types);
        others.remove(JsonType.STRING);
        return others;
    }

    /// A text without quotes: one of the schema's `enum`, or any without the end marker.
    private Grammar string(String key, String end) {
        if (properties.get(key) instanceof Map<?, ?> property && property.get("enum") instanceof List<?> values
                && !values.isEmpty() && values.stream().allMatch(one -> one instanceof String s && !s.isBlank())) {
            return Grammar.choices(values.stream().map(one -> ((String) one).strip()).toList());
        }
        return without(end);
    }

    /// Any text that does not contain a marker.
    static Grammar without(String marker) {
        return Grammar.regex("(?s)(?!.*" + marker.replaceAll("[\\\\^$.|?*+()\\[\\]{}/]", "\\\\$0") + ").*");
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

    private Grammar bare(String key, Braces format) {
        Set<JsonType> types = schemas.types(tool, key);
        if (types.contains(JsonType.OBJECT) || types.contains(JsonType.ARRAY)) {
            throw GrammarException.unsupported("tools/" + tool + "/parameters/properties/" + key,
                    "enforcing objects and arrays in the syntax of " + format.families());
        }
        List<Grammar> choices = new ArrayList<>();
        if (types.contains(JsonType.STRING)) {
            choices.add(sequence(text(format.quote()), string(key, format.quote()), text(format.quote())));
        }
        if (!types.equals(JsonType.ONLY_STRING)) {
            choices.add(json(key, others(types)));
        }
        return Grammar.anyOf(choices.stream().map(Grammar::asJson).toList());
    }
}
