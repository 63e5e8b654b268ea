package glia.serve.chat;

import java.util.Optional;

/// How an answer may use tools. Without tools it has no effect.
///
/// @param isRequired whether the answer is one or more calls
/// @param name the only tool that may be called; empty for any
/// @param isParallel whether an answer may have several calls; if not, it ends with the first
public record ToolChoice(boolean isRequired, Optional<String> name, boolean isParallel) {
    /// The model decides.
    public static final ToolChoice AUTO = new ToolChoice(false, Optional.empty(), true);
    /// The answer calls one or more tools.
    public static final ToolChoice REQUIRED = new ToolChoice(true, Optional.empty(), true);

    /// The answer calls a given tool.
    public static ToolChoice of(String name) {
        return new ToolChoice(true, Optional.of(name), true);
    }

    /// With several calls, or at most one.
    public ToolChoice withParallel(boolean several) {
        return new ToolChoice(isRequired, name, several);
    }
}
