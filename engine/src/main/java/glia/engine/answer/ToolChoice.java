package glia.engine.answer;

import java.util.Optional;

/// How an answer may use tools. Without tools it has no effect.
///
/// An answer that must call tools ends after [#MOST_REQUIRED] calls, and with a call that is the same as an earlier
/// one: a weak model would call on until its most tokens.
///
/// @param isRequired whether the answer is one or more calls
/// @param name the only tool that may be called, once; empty for any
/// @param isParallel whether an answer may have several calls; if not, it ends with the first
/// @param isStrict whether arguments that the tools' schemas do not allow must be impossible
/// @param isNone whether no tool may be called, those of the server included
public record ToolChoice(boolean isRequired, Optional<String> name, boolean isParallel, boolean isStrict,
        boolean isNone) {
    /// The most calls of an answer that must have calls.
    public static final int MOST_REQUIRED = 8;
    /// The model decides.
    public static final ToolChoice AUTO = new ToolChoice(false, Optional.empty(), true, false, false);
    /// The answer calls no tool.
    public static final ToolChoice NONE = new ToolChoice(false, Optional.empty(), true, false, true);
    /// The answer calls one or more tools.
    public static final ToolChoice REQUIRED = new ToolChoice(true, Optional.empty(), true, false, false);

    /// The answer calls a given tool, once.
    public static ToolChoice of(String name) {
        return new ToolChoice(true, Optional.of(name), false, false, false);
    }

    /// With several calls, unless a tool is named, or at most one.
    public ToolChoice withParallel(boolean several) {
        return new ToolChoice(isRequired, name, several && name.isEmpty(), isStrict, isNone);
    }

    /// With arguments that the schemas of tools allow, or none that must be.
    public ToolChoice withStrict(boolean strict) {
        return new ToolChoice(isRequired, name, isParallel, strict, isNone);
    }
}
