package glia.serve.chat;

import glia.serve.request.Fields;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// What is required of the functions of a request in each API.
public final class ToolRules {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_./-]{1,128}");

    private ToolRules() { }

    /// The name of a function. Names have no characters that the syntax of a model's calls could have, and each is
    /// there once.
    ///
    /// @param before the names of the functions before it, to which this one is added
    public static String name(Fields function, Set<String> before) {
        String name = function.requiredText("name");
        if (!NAME.matcher(name).matches()) {
            throw Fields.wrong(function.name("name"), name, "1 to 128 of the characters A-Z, a-z, 0-9, _, -, . and /");
        }
        if (!before.add(name)) {
            throw Fields.wrong(function.name("name"), name, "a name that no other tool has");
        }
        return name;
    }

    /// A function's parameters, which are an object.
    ///
    /// @param field their name in messages
    /// @return the schema
    public static Map<String, Object> parameters(String field, Map<String, Object> schema) {
        Object type = schema.get("type");
        if (type != null && !type.equals("object") && !(type instanceof List<?> types && types.contains("object"))) {
            throw Fields.wrong(field + ".type", type, "\"object\"");
        }
        return schema;
    }
}
