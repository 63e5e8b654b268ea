package glia.io;

import java.io.IOException;
import java.nio.file.Path;

/// A file of a model cannot be used: it contradicts its format, is truncated, unreadable, or is of another kind. The
/// message names the file, the place in it, what was found, what was expected and, where known, what to try.
///
/// Control characters are escaped ([DisplayText]); only the problem may have several lines.
public final class CheckpointException extends IOException {
    private static final long serialVersionUID = 1;
    private static final int MAX_WHERE_CHARS = 300;
    private static final int MAX_PROBLEM_CHARS = 4000;

    private final String file;

    /// @param file the file
    /// @param where the tensor, key or byte offset, or an empty string
    /// @param problem what was found and what was expected
    public CheckpointException(Path file, String where, String problem) {
        super(DisplayText.escape(file.toString()) + ": "
                + (where.isEmpty() ? "" : DisplayText.shorten(where, MAX_WHERE_CHARS) + ": ")
                + DisplayText.escapeKeepingLines(cut(problem)));
        this.file = file.toString();
    }

    public CheckpointException(Path file, String where, String problem, Throwable cause) {
        this(file, where, problem);
        initCause(cause);
    }

    /// The file.
    public Path file() {
        return Path.of(file);
    }

    private static String cut(String problem) {
        return problem.length() <= MAX_PROBLEM_CHARS ? problem : problem.substring(0, MAX_PROBLEM_CHARS) + "…";
    }
}
