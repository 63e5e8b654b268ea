package glia.cli.args;

import java.io.Serial;

/// A command line that cannot be understood. The message says which word is wrong and what would be right.
public final class UsageException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    /// @param message what is wrong and what would be right, in one line
    public UsageException(String message) {
        super(message);
    }

    /// @param message what is wrong and what would be right, in one line
    /// @param cause where it was found
    public UsageException(String message, Throwable cause) {
        super(message, cause);
    }
}
