package glia.engine.state;

/// The memory for KV caches and recurrent states is exhausted. The sequences are as they were before the pass.
public final class StateMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    StateMemoryException(String message) {
        super(message);
    }
}
