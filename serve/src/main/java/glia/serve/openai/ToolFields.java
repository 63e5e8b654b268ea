package glia.serve.openai;

import glia.engine.answer.AnswerTools;
import glia.engine.answer.ToolChoice;
import glia.serve.chat.ToolRules;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The tools of a request and how they may be used: `tools`, `tool_choice`, `parallel_tool_calls`.
///
/// @param tools functions as templates read them; empty if none may be called
record ToolFields(List<Map<String, Object>> tools, ToolChoice choice) {
    private static final String CHOICES = "none, auto, required, or an object with the name of a function";

    /// @param isFlat whether a function's fields stand beside its type, as in the Responses API
    static ToolFields read(Fields body, boolean isFlat) {
        List<Map<String, Object>> tools = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Fields tool : body.objects("tools")) {
            tools.add(isFlat ? function(tool, names) : nested(tool, names));
        }
        boolean isStrict = body.objects("tools").stream().anyMatch(tool -> isFlat ? tool.flag("strict")
                : tool.object("function").filter(function -> function.flag("strict")).isPresent());
        boolean isParallel = body.flag("parallel_tool_calls");
        Object choice = body.value("tool_choice");
        if (choice instanceof Map<?, ?> map && "allowed_tools".equals(map.get("type"))) {
            Allowed allowed = allowed(body.name("tool_choice"), map, isFlat);
            allowed.names().forEach(name -> requireTool(body, name, tools));
            tools.removeIf(tool -> !allowed.names().contains(name(tool)));
        }
        ToolChoice read = choice(body.name("tool_choice"), choice, isFlat).withParallel(isParallel)
                .withStrict(isStrict);
        if (tools.isEmpty() && read.isRequired()) {
            throw ServeException.badField(body.name("tool_choice"), "found " + choice + " without tools");
        }
        read.name().ifPresent(name -> requireTool(body, name, tools));
        return new ToolFields("none".equals(choice) ? List.of() : tools, read);
    }

    private static void requireTool(Fields body, String name, List<Map<String, Object>> tools) {
        if (tools.stream().noneMatch(tool -> name(tool).equals(name))) {
            throw Fields.wrong(body.name("tool_choice"), name, "the name of one of the tools: "
                    + String.join(", ", tools.stream().map(ToolFields::name).toList()));
        }
    }

    /// The tools that `allowed_tools` leaves; the others are not in the prompt.
    private record Allowed(Set<String> names, ToolChoice choice) { }

    private static Allowed allowed(String name, Map<?, ?> choice, boolean isFlat) {
        Fields fields = Fields.of(name, choice).skip("type");
        Fields list = isFlat ? fields : fields.object("allowed_tools")
                .orElseThrow(() -> Fields.wrong(name, choice, "an object with allowed_tools"));
        Set<String> names = new HashSet<>();
        for (Fields tool : list.objects("tools")) {
            tool.only("type", "function"::equals, "function");
            names.add((isFlat ? tool : tool.object("function").orElse(tool)).requiredText("name"));
        }
        boolean isRequired = list.word("mode", List.of("auto", "required")).orElse("auto").equals("required");
        list.end();
        fields.end();
        return new Allowed(names, isRequired ? ToolChoice.REQUIRED : ToolChoice.AUTO);
    }

    private static String name(Map<String, Object> tool) {
        return (String) ((Map<?, ?>) tool.get("function")).get("name");
    }

    private static Map<String, Object> nested(Fields tool, Set<String> names) {
        Fields function = tool.object("function")
                .orElseThrow(() -> ServeException.badField(tool.name("function"), "missing; expected an object"));
        tool.end();
        return function(function, names);
    }

    private static Map<String, Object> function(Fields fields, Set<String> names) {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", ToolRules.name(fields, names));
        fields.text("description").ifPresent(text -> function.put("description", text));
        Map<String, Object> parameters = fields.object("parameters").map(Fields::all).orElse(null);
        function.put("parameters", parameters == null ? AnswerTools.NO_PARAMETERS
                : ToolRules.parameters(fields.name("parameters"), parameters));
        fields.flag("strict");
        fields.end();
        return Map.of("type", "function", "function", function);
    }

    private static ToolChoice choice(String name, Object choice, boolean isFlat) {
        return switch (choice) {
            case null -> ToolChoice.AUTO;
            case String word when word.equals("auto") -> ToolChoice.AUTO;
            case String word when word.equals("none") -> ToolChoice.NONE;
            case String word when word.equals("required") -> ToolChoice.REQUIRED;
            case Map<?, ?> map when "allowed_tools".equals(map.get("type")) -> allowed(name, map, isFlat).choice();
            case Map<?, ?> _ -> {
                Fields fields = Fields.of(name, choice);
                fields.only("type", "function"::equals, "function");
                Fields function = isFlat ? fields : fields.object("function")
                        .orElseThrow(() -> Fields.wrong(name, choice, CHOICES));
                ToolChoice one = ToolChoice.of(function.requiredText("name"));
                function.end();
                fields.end();
                yield one;
            }
            default -> throw Fields.wrong(name, choice, CHOICES);
        };
    }
}
