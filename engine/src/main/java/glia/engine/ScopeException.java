package glia.engine;

/// A question that a model cannot answer, where the answer's form leaves no room to say so: see [ModelScope].
public final class ScopeException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    ScopeException(String message) {
        super(message);
    }
}
