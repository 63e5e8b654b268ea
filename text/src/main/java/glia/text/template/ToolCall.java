package glia.text.template;

import java.util.LinkedHashMap;
import java.util.Map;

/// A tool call of an assistant's message.
///
/// @param id the id that the result refers to; empty where there is none
/// @param arguments by name: null, booleans, numbers, strings, lists and maps
public record ToolCall(String id, String name, Map<String, Object> arguments) {
    /// Copies the arguments, in their order.
    public ToolCall {
        arguments = new LinkedHashMap<>(arguments);
    }

    /// The call as templates see it.
    Map<String, Object> variables() {
        Map<String, Object> variables = new LinkedHashMap<>();
        if (!id.isEmpty()) {
            variables.put("id", id);
        }
        variables.put("type", "function");
        // In this order, since some templates write the function as it is.
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", name);
        function.put("arguments", arguments);
        variables.put("function", function);
        return variables;
    }
}
