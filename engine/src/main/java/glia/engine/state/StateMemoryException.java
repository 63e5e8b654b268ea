package glia.engine.state;

/// There is no more memory for what sequences must remember. Nothing is lost: the sequences are as they were before
/// the pass.
public final class StateMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    StateMemoryException(String message) {
        super(message);
    }
}
