package glia.reason.program;

import java.io.Serial;

/// A program that cannot be parsed or run to its end. The message says in which line and why.
public final class ProgramException extends Exception {
    @Serial private static final long serialVersionUID = 1L;

    private final int line;

    /// @param line from 1
    /// @param reason such as `name 'y' is not defined`
    public ProgramException(int line, String reason) {
        super("line " + line + ": " + reason, null, false, false);
        this.line = line;
    }

    /// The line, from 1.
    public int line() {
        return line;
    }
}
