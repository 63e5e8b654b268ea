package glia.text.tool;

import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The types of the parameters of tools, by their JSON schemas. What is not understood allows every type.
public final class ToolSchemas {
    private static final int MAX_DEPTH = 16;

    private final Map<String, Map<?, ?>> parameters = new LinkedHashMap<>();

    /// @param tools as a template gets them: `{"type": "function", "function": {"name": …, "parameters": {…}}}`, or
    ///        only the inner object
    public ToolSchemas(List<Map<String, Object>> tools) {
        for (Map<String, Object> tool : tools) {
            Map<?, ?> function = tool.get("function") instanceof Map<?, ?> inner ? inner : tool;
            if (function.get("name") instanceof String name) {
                parameters.put(name, function.get("parameters") instanceof Map<?, ?> schema ? schema : Map.of());
            }
        }
    }

    /// The names of the tools.
    public Set<String> names() {
        return Collections.unmodifiableSet(parameters.keySet());
    }

    /// The JSON schema of a tool's arguments; empty if there is none.
    public Map<?, ?> parameters(String tool) {
        return parameters.getOrDefault(tool, Map.of());
    }

    /// Whether a tool's schema lists a parameter.
    boolean lists(String tool, String parameter) {
        return parameters(tool).get("properties") instanceof Map<?, ?> properties && properties.containsKey(parameter);
    }

    /// Whether a tool's schema lists no parameters, so that any may be meant.
    boolean hasAny(String tool) {
        return !(parameters(tool).get("properties") instanceof Map<?, ?> properties) || properties.isEmpty();
    }

    /// Whether a tool's schema allows parameters that it does not list.
    boolean hasOthers(String tool) {
        Map<?, ?> schema = parameters(tool);
        return !Boolean.FALSE.equals(schema.get("additionalProperties")) || schema.containsKey("patternProperties");
    }

    /// The types that a parameter may have.
    public Set<JsonType> types(String tool, String parameter) {
        Map<?, ?> schema = parameters.getOrDefault(tool, Map.of());
        return schema.get("properties") instanceof Map<?, ?> properties && properties.containsKey(parameter)
                ? types(properties.get(parameter), schema, 0) : JsonType.ALL;
    }

    private static Set<JsonType> types(Object node, Map<?, ?> root, int depth) {
        if (!(node instanceof Map<?, ?> schema) || depth > MAX_DEPTH) {
            return JsonType.ALL;
        }
        Set<JsonType> types = EnumSet.allOf(JsonType.class);
        if (schema.get("$ref") instanceof String reference) {
            types.retainAll(types(resolved(reference, root), root, depth + 1));
        }
        if (schema.get("type") != null) {
            types.retainAll(named(schema.get("type")));
        }
        if (schema.get("enum") instanceof List<?> values) {
            types.retainAll(ofValues(values));
        } else if (schema.containsKey("const")) {
            types.retainAll(ofValues(Collections.singletonList(schema.get("const"))));
        }
        for (String key : List.of("anyOf", "oneOf")) {
            if (schema.get(key) instanceof List<?> choices) {
                Set<JsonType> any = EnumSet.noneOf(JsonType.class);
                choices.forEach(choice -> any.addAll(types(choice, root, depth + 1)));
                types.retainAll(any);
            }
        }
        if (schema.get("allOf") instanceof List<?> all) {
            all.forEach(one -> types.retainAll(types(one, root, depth + 1)));
        }
        if (Boolean.TRUE.equals(schema.get("nullable"))) {
            types.add(JsonType.NULL);
        }
        return types.isEmpty() ? JsonType.ALL : types;
    }

    private static Set<JsonType> named(Object type) {
        Set<JsonType> types = EnumSet.noneOf(JsonType.class);
        for (Object name : type instanceof List<?> list ? list : List.of(type)) {
            JsonType one = JsonType.of(name);
            if (one == null) {
                return JsonType.ALL;
            }
            types.add(one);
            if (one == JsonType.NUMBER) {
                types.add(JsonType.INTEGER);
            }
        }
        return types;
    }

    private static Set<JsonType> ofValues(List<?> values) {
        Set<JsonType> types = EnumSet.noneOf(JsonType.class);
        for (Object value : values) {
            for (JsonType type : JsonType.values()) {
                if (JsonType.allows(Set.of(type), value)) {
                    types.add(type);
                }
            }
        }
        return types;
    }

    /// What a reference within a document, such as `#/$defs/a`, refers to; null if there is nothing.
    public static Object resolved(String reference, Map<?, ?> root) {
        if (!reference.startsWith("#")) {
            return null;
        }
        Object node = root;
        for (String part : reference.substring(1).split("/")) {
            if (!part.isEmpty()) {
                String key = part.replace("~1", "/").replace("~0", "~");
                node = node instanceof Map<?, ?> map ? map.get(key) : null;
            }
        }
        return node;
    }
}
