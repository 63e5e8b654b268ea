package glia.serve.anthropic;

import static glia.serve.http.Json.ABSENT;
import static glia.serve.http.Json.object;

import glia.engine.answer.ToolChoice;
import glia.serve.chat.ToolRules;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The tools of a request and how they may be used: `tools` and `tool_choice`.
///
/// @param tools functions as chat templates read them; empty if none may be called
record ToolFields(List<Map<String, Object>> tools, ToolChoice choice) {
    static final List<String> CHOICES = List.of("auto", "any", "tool", "none");

    static ToolFields read(Fields body) {
        List<Map<String, Object>> tools = new ArrayList<>();
        Set<String> names = new LinkedHashSet<>();
        boolean isStrict = false;
        for (Fields tool : body.objects("tools")) {
            isStrict |= tool.flag("strict");
            tools.add(function(tool, ToolRules.name(tool, names)));
        }
        Optional<Fields> given = body.object("tool_choice");
        if (given.isEmpty()) {
            return new ToolFields(tools, ToolChoice.AUTO.withStrict(isStrict));
        }
        Fields fields = given.get();
        String type = fields.word("type").orElseThrow(() -> ServeException.badField(fields.name("type"),
                "missing; expected one of " + String.join(", ", CHOICES)));
        ToolChoice choice = switch (type) {
            case "any" -> ToolChoice.REQUIRED;
            case "tool" -> ToolChoice.of(fields.requiredText("name"));
            case "none" -> ToolChoice.NONE;
            default -> ToolChoice.AUTO;
        };
        choice = choice.withParallel(!fields.flag("disable_parallel_tool_use")).withStrict(isStrict);
        fields.end();
        if (choice.isRequired() && tools.isEmpty()) {
            throw ServeException.badField(fields.name("type"), "found " + type + " without tools");
        }
        if (choice.name().isPresent() && !names.contains(choice.name().get())) {
            throw Fields.wrong(fields.name("name"), choice.name().get(), "the name of one of the tools: "
                    + String.join(", ", names));
        }
        return new ToolFields(type.equals("none") ? List.of() : tools, choice);
    }

    private static Map<String, Object> function(Fields tool, String name) {
        Object schema = ToolRules.parameters(tool.name("input_schema"), tool.object("input_schema").orElseThrow(() ->
                ServeException.badField(tool.name("input_schema"), "missing; expected a JSON schema")).all());
        Optional<String> description = tool.text("description");
        Map<String, Object> function = object("name", name, "description",
                description.isPresent() ? description.get() : ABSENT, "parameters", schema);
        tool.end();
        return object("type", "function", "function", function);
    }
}
