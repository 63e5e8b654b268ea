package glia.text.tool;

/// A tool call that cannot be read. Its text is not lost.
///
/// @param index the number of the call if its beginning was reported, which is void then; -1 otherwise
/// @param text the call as the model wrote it, up to the place of the problem. What follows is read as text again
public record ToolProblem(Kind kind, int index, String message, String text) {
    /// What is wrong.
    public enum Kind {
        /// The arguments, or the call as a whole, are not JSON where they have to be.
        INVALID_JSON,
        /// The call has no name, or one that is empty, too long or has blank characters.
        INVALID_NAME,
        /// A marker is missing, or something stands where a marker is expected.
        INVALID_SYNTAX,
        /// The text ends within the call.
        UNFINISHED,
        /// The call is longer than the limit.
        TOO_LONG
    }
}
