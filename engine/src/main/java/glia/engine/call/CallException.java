package glia.engine.call;

/// A call that does not suit the model, or exceeds a limit.
public final class CallException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String field;

    /// @param field what is wrong, named as in requests
    /// @param message what was found, what was expected, and what to try
    public CallException(String field, String message) {
        super(field + ": " + message);
        this.field = field;
    }

    /// What is wrong, named as in requests.
    public String field() {
        return field;
    }
}
