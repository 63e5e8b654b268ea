package glia.train.run;

/// A run cannot go on, for instance because its loss is not a number.
public final class TrainingException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public TrainingException(String message) {
        super(message);
    }
}
