package glia.kernels.code;

/// Machine code cannot be made or run here; the message is the reason, as the rest of a sentence that begins with
/// "since".
public final class CodeUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public CodeUnavailableException(String reason) {
        super(reason);
    }
}
