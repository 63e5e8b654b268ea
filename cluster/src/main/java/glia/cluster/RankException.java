package glia.cluster;

/// Ranks cannot go on, because another rank failed, or they do not fit together.
public class RankException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public RankException(String message) {
        super(message);
    }

    public RankException(String message, Throwable cause) {
        super(message, cause);
    }
}
