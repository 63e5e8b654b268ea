package glia.kernels.code;

/// Thrown if machine code cannot be emitted or run here. The message is the reason, as the end of a sentence after
/// "since".
public final class CodeUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public CodeUnavailableException(String reason) {
        super(reason);
    }
}
