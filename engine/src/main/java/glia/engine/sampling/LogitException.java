package glia.engine.sampling;

/// A logit is not a number, so no token can be chosen: a damaged file, weights that overflowed in training, or a
/// precision that the model does not support.
public final class LogitException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    public LogitException(String message) {
        super(message);
    }
}
