package glia.engine.answer;

import glia.text.tool.ToolFormat;
import java.util.List;
import java.util.Map;

/// The tools of an answer and the syntax of their calls.
///
/// @param format the syntax of the model's family
/// @param tools as templates read them
/// @param choice how they may be used
public record AnswerTools(ToolFormat format, List<Map<String, Object>> tools, ToolChoice choice) {
    /// The schema of a function without parameters, whose arguments are `{}`.
    public static final Map<String, Object> NO_PARAMETERS =
            Map.of("type", "object", "properties", Map.of(), "additionalProperties", false);

    /// The tools that may be called: one if it is named.
    public List<Map<String, Object>> callable() {
        return choice.name().isEmpty() ? tools
                : tools.stream().filter(tool -> choice.name().get().equals(name(tool))).toList();
    }

    private static Object name(Map<String, Object> tool) {
        return tool.get("function") instanceof Map<?, ?> function ? function.get("name") : tool.get("name");
    }
}
