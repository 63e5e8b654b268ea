package glia.io;

import java.io.IOException;
import java.nio.file.Path;

/// A checkpoint cannot be used: the file lies about itself, is truncated, or is not what was asked for.
/// The message names the file, the place in it, what was found, what was expected and, where known, what to try.
public final class CheckpointException extends IOException {
    private static final long serialVersionUID = 1;

    /// @param file the file
    /// @param where the tensor, key or byte offset, or an empty text
    /// @param problem what was found and what was expected
    public CheckpointException(Path file, String where, String problem) {
        super(file + (where.isEmpty() ? ": " : ": " + where + ": ") + problem);
    }

    public CheckpointException(Path file, String where, String problem, Throwable cause) {
        this(file, where, problem);
        initCause(cause);
    }
}
