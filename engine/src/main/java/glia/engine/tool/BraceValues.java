package glia.engine.tool;

import static glia.engine.tool.ToolGrammar.sequence;
import static glia.engine.tool.ToolGrammar.text;

import glia.engine.grammar.Grammar;
import glia.engine.grammar.limit.GrammarException;
import glia.text.tool.ToolFormat.Braces;
import glia.text.tool.ToolSchemas;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Grammars of values with bare keys and strings between markers, as Gemma writes them: `{a:<|"|>x<|"|>,b:[1,true]}`.
/// Types, properties, required ones, items, enums and limits of numbers are enforced; other keywords are not.
final class BraceValues {
    private static final int MAX_DEPTH = 12;
    private static final List<String> NUMBER_LIMITS =
            List.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf");

    private final Braces format;
    private final Map<?, ?> root;

    /// @param root the schema that references are relative to
    BraceValues(Braces format, Map<?, ?> root) {
        this.format = format;
        this.root = root;
    }

    /// The values that a schema accepts.
    ///
    /// @param place of the schema, for messages
    /// @throws GrammarException if the schema is recursive, or has conditions that hold together
    Grammar value(Object node, String place, int depth) {
        if (depth > MAX_DEPTH) {
            throw GrammarException.unsupported(place, "a schema of more than " + MAX_DEPTH
                    + " levels, or one that refers to itself, in the syntax of " + format.families() + ",");
        }
        if (!(node instanceof Map<?, ?> schema)) {
            return any("value");
        }
        if (schema.get("$ref") instanceof String reference) {
            return value(ToolSchemas.resolved(reference, root), place, depth + 1);
        }
        if (schema.get("enum") instanceof List<?> values && !values.isEmpty()) {
            return anyOf(values.stream().map(this::constant).toList());
        }
        if (schema.containsKey("const")) {
            return constant(schema.get("const"));
        }
        for (String keyword : List.of("anyOf", "oneOf", "allOf")) {
            if (schema.get(keyword) instanceof List<?> choices && !choices.isEmpty()) {
                if (keyword.equals("allOf") && choices.size() > 1) {
                    throw GrammarException.unsupported(place + "/allOf", "several schemas that hold together in the "
                            + "syntax of " + format.families());
                }
                return anyOf(choices.stream().map(one -> value(one, place, depth + 1)).toList());
            }
        }
        return typed(schema, place, depth);
    }

    private Grammar typed(Map<?, ?> schema, String place, int depth) {
        Object given = schema.get("type");
        List<?> types = given instanceof List<?> list ? list : given != null ? List.of(given)
                : schema.containsKey("properties") ? List.of("object")
                : schema.containsKey("items") ? List.of("array") : List.of();
        List<Grammar> choices = new ArrayList<>();
        for (Object type : types) {
            choices.add(switch (String.valueOf(type)) {
                case "string" -> sequence(text(format.quote()), ParameterGrammar.without(format.quote()),
                        text(format.quote()));
                case "array" -> array(schema, place, depth);
                case "object" -> object(schema, place, depth);
                case "boolean" -> Grammar.choices(List.of("true", "false", "True", "False"));
                case "null" -> none();
                default -> number(schema, type);
            });
        }
        if (!choices.isEmpty() && Boolean.TRUE.equals(schema.get("nullable"))) {
            choices.add(none());
        }
        return choices.isEmpty() ? any("value") : anyOf(choices);
    }

    private static Grammar none() {
        return Grammar.choices(List.of("null", "None"));
    }

    private static Grammar number(Map<?, ?> schema, Object type) {
        Map<Object, Object> limits = new LinkedHashMap<>();
        limits.put("type", type);
        NUMBER_LIMITS.stream().filter(schema::containsKey).forEach(key -> limits.put(key, schema.get(key)));
        return Grammar.jsonSchema(limits);
    }

    private Grammar array(Map<?, ?> schema, String place, int depth) {
        Grammar item = schema.get("items") instanceof Map<?, ?> items ? value(items, place + "/items", depth + 1)
                : any("value");
        Grammar all = item.asJson().repeated(",");
        return sequence(text("["), ToolGrammar.optional(all), text("]"));
    }

    private Grammar object(Map<?, ?> schema, String place, int depth) {
        if (!(schema.get("properties") instanceof Map<?, ?> properties) || properties.isEmpty()) {
            return any("object");
        }
        return sequence(text("{"), properties(schema, properties, place, depth), text("}"));
    }

    /// The properties between braces.
    Grammar properties(Map<?, ?> schema, Map<?, ?> properties, String place, int depth) {
        List<?> names = schema.get("required") instanceof List<?> list ? list : List.of();
        List<Grammar> items = new ArrayList<>();
        List<Boolean> required = new ArrayList<>();
        properties.forEach((key, value) -> {
            items.add(sequence(text(key + ":"), value(value, place + "/properties/" + key, depth + 1)).asJson());
            required.add(names.contains(key));
        });
        return Grammar.unordered(items, required, ",");
    }

    private Grammar constant(Object value) {
        return switch (value) {
            case null -> none();
            case Boolean flag -> Grammar.choices(flag ? List.of("true", "True") : List.of("false", "False"));
            case String string -> text(format.quote() + string + format.quote());
            default -> Grammar.jsonSchema(Map.of("const", value));
        };
    }

    private static Grammar anyOf(List<Grammar> choices) {
        return Grammar.anyOf(choices.stream().map(Grammar::asJson).toList());
    }

    /// Any value, or any object.
    private Grammar any(String rule) {
        String quote = format.quote().replace("\"", "\\\"");
        char second = format.quote().charAt(1);
        return Grammar.gbnf("""
                root ::= %1$s
                value ::= object | array | string | number | "true" | "false" | "null" | "True" | "False" | "None"
                object ::= "{" (pair ("," pair)*)? "}"
                pair ::= [A-Za-z_$] [A-Za-z0-9_$.-]* ":" value
                array ::= "[" (value ("," value)*)? "]"
                string ::= "%2$s" ([^<] | "<" [^<%3$s])* "%2$s"
                number ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)? ([eE] [-+]? [0-9]+)?
                """.formatted(rule, quote, second));
    }
}
