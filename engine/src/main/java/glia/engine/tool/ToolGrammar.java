package glia.engine.tool;

import glia.engine.grammar.Grammar;
import glia.engine.grammar.limit.GrammarException;
import glia.io.json.JsonTree.JsonText;
import glia.text.tool.ToolFormat.Braces;
import glia.text.tool.ToolFormat.Elements;
import glia.text.tool.ToolFormat.Functions;
import glia.text.tool.ToolFormat.Messages;
import glia.text.tool.ToolFormat.Named;
import glia.text.tool.ToolFormat.Objects;
import glia.text.tool.ToolFormat;
import glia.text.tool.ToolSchemas;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Grammars of the calls of tools in a family's syntax: the names are those of the tools, the arguments are valid by
/// their JSON schemas. White space between the parts is free, as in JSON.
///
/// Elements and bare keys ([Elements], [Braces]) may stand in any order, each once at most, if a tool has up to ten;
/// parameters that the schema does not list are excluded.
final class ToolGrammar {
    private final ToolSchemas schemas;
    private final List<String> tools;
    private final boolean isParallel;
    /// The first marker, if it is there already: then the grammar ends with the call, or the section, that it begins.
    /// Empty if it is not.
    private final String opener;
    private final boolean isBegun;

    /// @param tools the tools that may be called, as templates read them
    /// @param isParallel whether several calls may follow one another
    /// @param opener the first marker, if it is there already; otherwise empty
    /// @throws GrammarException if there is none
    ToolGrammar(List<Map<String, Object>> tools, boolean isParallel, String opener) {
        this.schemas = new ToolSchemas(tools);
        this.tools = List.copyOf(schemas.names());
        this.isParallel = isParallel;
        this.opener = opener;
        this.isBegun = !opener.isEmpty();
        if (this.tools.isEmpty()) {
            throw GrammarException.invalid("tools", "found no tool with a name, expected one or more");
        }
    }

    /// The calls, from the first marker on or after it.
    ///
    /// @throws GrammarException if the syntax, or a schema, is not supported
    Grammar calls(ToolFormat format) {
        return switch (format) {
            case Objects objects -> objects(objects);
            case Named named -> named.section().isEmpty() ? mistral(named) : section(named);
            case Elements elements -> elements(elements);
            case Braces braces -> marked(braces.begin(), sequence(anyTool(tool ->
                    new ParameterGrammar(schemas, tool).braces(braces)), text(braces.end())));
            case Functions functions -> functions(functions);
            case Messages _ -> message();
        };
    }


    /// A fixed text; white space around it is free.
    static Grammar text(String text) {
        return Grammar.choices(List.of(text.strip())).asJson();
    }

    static Grammar sequence(Grammar... parts) {
        return Grammar.sequence(List.of(parts));
    }

    private interface OfTool {
        Grammar of(String tool);
    }

    private Grammar anyTool(OfTool grammar) {
        return Grammar.anyOf(tools.stream().map(grammar::of).map(Grammar::asJson).toList());
    }

    private Grammar several(Grammar call, String separator) {
        return isParallel ? call.repeated(separator) : call;
    }

    /// Calls each of which begins with a marker.
    private Grammar marked(String marker, Grammar call) {
        return isBegun ? call : several(sequence(text(marker), call), "");
    }

    /// A section of calls that begins with a marker.
    private Grammar section(String marker, Grammar calls) {
        return isBegun ? calls : sequence(text(marker), calls);
    }

    private Grammar arguments(String tool) {
        Map<?, ?> schema = schemas.parameters(tool);
        return schema.isEmpty() ? Grammar.json() : Grammar.jsonSchema(objectOnly(schema));
    }

    /// Arguments are an object, even if the schema does not say so.
    private static Map<?, ?> objectOnly(Map<?, ?> schema) {
        if (schema.containsKey("type")) {
            return schema;
        }
        Map<Object, Object> typed = new java.util.LinkedHashMap<>(schema);
        typed.put("type", "object");
        return typed;
    }

    /// `{"name": "f", "arguments": {…}}`. The parts are separate, so that white space between them is free.
    private Grammar object(String tool, Objects format) {
        List<Grammar> parts = new ArrayList<>(List.of(text("{")));
        boolean isCommand = format.begin().equals("<|START_ACTION|>");
        if (isCommand) {
            parts.addAll(List.of(text("\"tool_call_id\""), text(":"), Grammar.regex("\"[0-9]{1,4}\""), text(",")));
        }
        parts.addAll(List.of(text(isCommand ? "\"tool_name\"" : "\"name\""), text(":"), text(JsonText.quote(tool)),
                text(","), text(JsonText.quote(format.arguments())), text(":"), arguments(tool)));
        if (format.families().isEmpty()) {
            // Mistral's older templates.
            parts.add(optional(Grammar.regex(", \"id\": \"[A-Za-z0-9]{9}\"")));
        }
        parts.add(text("}"));
        return Grammar.sequence(parts);
    }

    static Grammar optional(Grammar grammar) {
        return Grammar.unordered(List.of(grammar), List.of(false), "").asJson();
    }

    private Grammar array(Objects format) {
        Grammar object = anyTool(tool -> object(tool, format));
        return sequence(text("["), several(object, ","), text("]"));
    }

    private Grammar objects(Objects format) {
        Grammar object = anyTool(tool -> object(tool, format));
        if (format.begin().isEmpty()) {
            return several(object, ";");
        }
        if (format.begin().equals("<tool_call>")) {
            return marked(format.begin(), sequence(object, text(format.end())));
        }
        Grammar body = Grammar.anyOf(List.of(several(object, ""), array(format)));
        return section(format.begin(), format.end().isEmpty() ? body : sequence(body, text(format.end())));
    }

    /// Both of Mistral's forms.
    private Grammar mistral(Named format) {
        Grammar id = sequence(text(format.id()), Grammar.regex("[A-Za-z0-9]{9}"));
        Grammar call = anyTool(tool -> sequence(text(tool), optional(id), text(format.arguments()), arguments(tool)));
        return Grammar.anyOf(List.of(marked(format.begin(), call),
                section(format.begin(), array(new Objects("", format.begin(), "", "arguments")))));
    }

    private Grammar section(Named format) {
        Grammar rest;
        if (format.isNumbered()) {
            rest = anyTool(tool -> sequence(Grammar.regex("functions\\." + ParameterGrammar.escaped(tool)
                    + ":[0-9]{1,6}"), text(format.arguments()), arguments(tool), text(format.end())));
        } else {
            rest = anyTool(tool -> Grammar.anyOf(List.of(
                    sequence(text(tool), text(format.arguments()), arguments(tool), text(format.end())),
                    sequence(text("function"), text(format.arguments()), text(tool), text("```json"),
                            arguments(tool), text("```"), text(format.end())))));
        }
        if (opener.equals(format.begin())) {
            return rest;
        }
        Grammar call = sequence(text(format.begin()), rest);
        return section(format.section(), sequence(several(call, ""), optional(text(format.sectionEnd()))));
    }

    /// A message to a tool, which ends with the answer; before it the model may think in a message of its own. If the
    /// beginning is there, the name follows.
    private Grammar message() {
        Grammar json = sequence(text("json"), text("<|message|>"));
        Grammar recipientFirst = sequence(text("<|channel|>commentary"), json);
        Grammar channelFirst = sequence(optional(text("<|constrain|>")), json);
        if (isBegun) {
            Grammar header = Grammar.anyOf(List.of(recipientFirst, channelFirst));
            return anyTool(tool -> sequence(text(tool), header, arguments(tool)));
        }
        Grammar call = anyTool(tool -> sequence(Grammar.anyOf(List.of(
                sequence(text("to=functions." + tool), recipientFirst),
                sequence(text("<|channel|>commentary to=functions." + tool), channelFirst))), arguments(tool)));
        Grammar analysis = sequence(text("<|channel|>analysis<|message|>"), ParameterGrammar.without("<|end|>"),
                text("<|end|>"), text("<|start|>assistant"));
        return sequence(optional(analysis), call);
    }

    /// `[f(a=1), g()]`, or without brackets where each call has a line.
    private Grammar functions(Functions format) {
        Grammar call = anyTool(tool -> new ParameterGrammar(schemas, tool).function());
        boolean hasLines = format.begin().equals("<function_calls>");
        Grammar calls = hasLines ? several(call, "") : sequence(text("["), several(call, ","), text("]"));
        return section(format.begin(), sequence(calls, text(format.end())));
    }

    private Grammar elements(Elements format) {
        boolean hasSection = !format.sections().isEmpty() && !opener.equals(format.call().begin());
        Grammar call = anyTool(tool -> new ParameterGrammar(schemas, tool).call(format, hasSection));
        if (!hasSection) {
            return marked(format.call().begin(), call);
        }
        int section = Math.max(0, format.sections().indexOf(opener));
        String begin = format.sections().get(section);
        Grammar end = text(format.sectionEnds().get(section));
        boolean isOfOneCall = format.hasLines() || begin.startsWith("<seed");
        return isOfOneCall ? marked(begin, sequence(call, end))
                : section(begin, sequence(several(call, ""), end));
    }
}
