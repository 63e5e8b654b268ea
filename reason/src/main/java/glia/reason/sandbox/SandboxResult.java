package glia.reason.sandbox;

import java.time.Duration;

/// How a program in a [Sandbox] ended.
///
/// @param status how it ended
/// @param exitCode its exit code; 128 + n after the signal n
/// @param output standard output, as far as it was kept
/// @param errors standard error, as far as it was kept
/// @param time wall-clock time from start to end
public record SandboxResult(Status status, int exitCode, String output, String errors, Duration time) {
    /// Kinds of ends.
    public enum Status {
        /// The program ended by itself with exit code 0.
        SUCCEEDED,
        /// The program ended with another exit code, or a limit of processor time, memory or files ended it.
        FAILED,
        /// The wall-clock limit ended it.
        TIMED_OUT,
        /// It wrote more than the limit.
        TOO_MUCH_OUTPUT
    }

    /// Whether the exit code is 0 and no limit was exceeded.
    public boolean succeeded() {
        return status == Status.SUCCEEDED;
    }
}
