package glia.serve.anthropic;

import static glia.serve.http.Json.object;
import static glia.serve.http.Json.ABSENT;

import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The tools of a request.
final class ToolFields {
    private static final List<String> CHOICES = List.of("auto", "any", "tool", "none");

    private ToolFields() { }

    /// The functions that the model may call, as chat templates read them.
    static List<Map<String, Object>> read(Fields body) {
        List<Map<String, Object>> tools = new ArrayList<>();
        for (Fields tool : body.objects("tools")) {
            tool.only("type", "custom"::equals, "custom; tools that Anthropic runs or defines are not here");
            Object schema = tool.object("input_schema").orElseThrow(() -> ServeException.badField(
                    tool.name("input_schema"), "missing; expected a JSON schema")).all();
            Optional<String> description = tool.text("description");
            tools.add(object("type", "function", "function", object("name", tool.requiredText("name"), "description",
                    description.isPresent() ? description.get() : ABSENT, "parameters", schema)));
            tool.skip("cache_control", "eager_input_streaming", "input_examples");
            tool.only("strict", Boolean.FALSE::equals, "false");
            tool.only("defer_loading", Boolean.FALSE::equals, "false");
            tool.only("allowed_callers", List.of("direct")::equals, "[\"direct\"]");
            tool.end();
        }
        return isNone(body) ? List.of() : tools;
    }

    private static boolean isNone(Fields body) {
        Optional<Fields> choice = body.object("tool_choice");
        if (choice.isEmpty()) {
            return false;
        }
        String type = choice.get().word("type", CHOICES).orElse("auto");
        choice.get().only("type", value -> !value.equals("any") && !value.equals("tool"), "auto or none");
        choice.get().only("disable_parallel_tool_use", Boolean.FALSE::equals, "false");
        choice.get().end();
        return type.equals("none");
    }
}
