package glia.text.template;

import glia.io.json.JsonTree.JsonErrors;
import glia.io.json.JsonValues;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;

/// A tool call of an assistant's message.
///
/// @param id the id that the result refers to; empty where there is none
/// @param arguments by name: null, booleans, numbers, strings, lists and maps
public record ToolCall(String id, String name, Map<String, Object> arguments) {
    /// Copies the arguments, in their order.
    public ToolCall {
        arguments = new LinkedHashMap<>(arguments);
    }

    /// A call whose arguments are JSON in a string.
    ///
    /// @param json a JSON object; blank for no arguments
    /// @throws IllegalArgumentException if it is no JSON object
    public static ToolCall parse(String id, String name, String json) {
        return new ToolCall(id, name, parseArguments(json));
    }

    /// The arguments of a call, which are JSON in a string.
    ///
    /// @param json a JSON object; blank for no arguments
    /// @throws IllegalArgumentException if it is no JSON object
    @SuppressWarnings("unchecked")
    public static Map<String, Object> parseArguments(String json) {
        try {
            if ((json.isBlank() ? Map.of() : JsonValues.parse(json)) instanceof Map<?, ?> map) {
                return (Map<String, Object>) map;
            }
        } catch (JacksonException e) {
            throw new IllegalArgumentException("arguments of a tool call: " + JsonErrors.reason(e)
                    + "; expected a JSON object", e);
        }
        throw new IllegalArgumentException("arguments of a tool call: found " + json + ", expected a JSON object");
    }

    /// The arguments of a call, or what a model wrote instead of a JSON object as the value of `arguments`.
    public static Map<String, Object> readArguments(String json) {
        try {
            return parseArguments(json);
        } catch (IllegalArgumentException e) {
            return Map.of("arguments", json);
        }
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
