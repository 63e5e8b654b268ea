package glia.io.json;

import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;

/// Describes errors of JSON texts.
public final class JsonErrors {
    /// What the parser says of its source, which is not a file.
    private static final Pattern SOURCE = Pattern.compile(
            " \\((for \\w+ starting at|start marker at) \\[Source: [^\\]]*\\]\\)");

    private JsonErrors() { }

    /// The reason without the parser's source.
    public static String reason(JacksonException e) {
        return SOURCE.matcher(e.getOriginalMessage()).replaceAll("");
    }
}
