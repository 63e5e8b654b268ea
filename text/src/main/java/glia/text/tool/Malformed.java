package glia.text.tool;

/// Ends the reading of a call.
final class Malformed extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient ToolProblem.Kind kind;

    Malformed(ToolProblem.Kind kind, String message) {
        super(message, null, false, false);
        this.kind = kind;
    }

    ToolProblem.Kind kind() {
        return kind;
    }
}
