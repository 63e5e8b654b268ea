package glia.serve.chat;

import glia.engine.grammar.Grammar;
import glia.serve.request.ServeException;
import glia.text.tool.ToolFormat;
import glia.text.tool.ToolFormat.Elements;
import glia.text.tool.ToolFormat.Named;
import glia.text.tool.ToolFormat.Objects;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The grammar of an answer that is one tool call, in the syntax of a model's family. Arguments in JSON follow the
/// tool's schema; in formats with an element for each parameter, the names of parameters do.
final class ToolGrammar {
    private final ToolFormat format;

    private ToolGrammar(ToolFormat format) {
        this.format = format;
    }

    /// The grammar of a call of one of the tools that may be called.
    ///
    /// @throws ServeException if the syntax has no grammar
    /// @throws glia.engine.grammar.limit.GrammarException if a tool's schema has none
    static Grammar of(AnswerTools tools) {
        List<Map<?, ?>> functions = new ArrayList<>();
        for (Map<String, Object> tool : tools.tools()) {
            Map<?, ?> function = tool.get("function") instanceof Map<?, ?> inner ? inner : tool;
            if (tools.choice().name().isEmpty() || tools.choice().name().get().equals(function.get("name"))) {
                functions.add(function);
            }
        }
        ToolGrammar grammar = new ToolGrammar(tools.format());
        return switch (tools.format()) {
            case Objects objects -> Grammar.jsonSchema(grammar.objects(functions, objects))
                    .between(objects.begin(), objects.end());
            case Named named -> Grammar.anyOf(functions.stream().map(f -> grammar.named(f, named)).toList());
            case Elements elements -> Grammar.gbnf(grammar.elements(functions, elements));
            default -> throw ServeException.badField("tool_choice", "a call cannot be enforced in the syntax of "
                    + tools.format().families() + "; found a required call, expected none or auto");
        };
    }

    private static String name(Map<?, ?> function) {
        return (String) function.get("name");
    }

    private static Object schema(Map<?, ?> function) {
        return function.get("parameters") instanceof Map<?, ?> map && !map.isEmpty() ? map : Map.of("type", "object");
    }

    /// `{"name": …, "arguments": {…}}` of one of the functions. References within the schemas of parameters start at
    /// their root, so the definitions are lifted.
    private Object objects(List<Map<?, ?>> functions, Objects objects) {
        List<Object> calls = new ArrayList<>();
        Map<String, Object> definitions = new LinkedHashMap<>();
        for (Map<?, ?> function : functions) {
            Map<String, Object> properties = new LinkedHashMap<>();
            properties.put("name", Map.of("const", name(function)));
            properties.put(objects.arguments(), schema(function));
            calls.add(Map.of("type", "object", "properties", properties, "required",
                    List.of("name", objects.arguments()), "additionalProperties", false));
            for (String key : List.of("$defs", "definitions")) {
                if (((Map<?, ?>) schema(function)).get(key) instanceof Map<?, ?> some) {
                    Map<String, Object> all = new LinkedHashMap<>();
                    if (definitions.get(key) instanceof Map<?, ?> others) {
                        others.forEach((k, v) -> all.put((String) k, v));
                    }
                    some.forEach((k, v) -> all.put((String) k, v));
                    definitions.put(key, all);
                }
            }
        }
        Map<String, Object> schema = new LinkedHashMap<>(definitions);
        schema.put("anyOf", calls);
        return schema;
    }

    /// Markers, name and arguments.
    private Grammar named(Map<?, ?> function, Named named) {
        String name = named.arguments().equals("<|tool_call_argument_begin|>") ? "functions." + name(function) + ":0"
                : name(function);
        return Grammar.jsonSchema(schema(function)).between(named.section() + named.begin() + name + named.arguments(),
                named.end() + named.sectionEnd());
    }

    /// Elements of the parameters: first those that are required, in their order, then the others.
    private String elements(List<Map<?, ?>> functions, Elements elements) {
        String line = elements.hasLines() ? "\n" : "";
        StringBuilder rules = new StringBuilder("root ::= ").append(text(first(elements.sections()) + line))
                .append(" (");
        StringBuilder more = new StringBuilder();
        for (int i = 0; i < functions.size(); i++) {
            rules.append(i > 0 ? " | " : "").append("f").append(i);
            more.append("f").append(i).append(" ::= ").append(text(elements.call().begin() + name(functions.get(i))
                    + elements.call().nameEnd() + elements.call().open() + line));
            Map<?, ?> schema = (Map<?, ?>) schema(functions.get(i));
            List<?> required = schema.get("required") instanceof List<?> list ? list : List.of();
            Map<?, ?> properties = schema.get("properties") instanceof Map<?, ?> map ? map : Map.of();
            for (Object parameter : required) {
                more.append(' ').append(parameter((String) parameter, elements, line));
            }
            for (Object parameter : properties.keySet()) {
                if (!required.contains(parameter)) {
                    more.append(" (").append(parameter((String) parameter, elements, line)).append(")?");
                }
            }
            more.append(' ').append(text(elements.call().close() + line)).append('\n');
        }
        return rules.append(") ").append(text(first(elements.sectionEnds()))).append('\n').append(more)
                .append("value ::= [^<]*\n").toString();
    }

    private String parameter(String name, Elements elements, String line) {
        return text(elements.parameter().begin() + name + elements.parameter().nameEnd() + elements.parameter().open()
                + line) + " value " + text(line + elements.parameter().close() + line);
    }

    private static String first(List<String> texts) {
        return texts.isEmpty() ? "" : texts.getFirst();
    }

    /// A literal of GBNF.
    private static String text(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n").replace("\r", "\\r") + '"';
    }
}
