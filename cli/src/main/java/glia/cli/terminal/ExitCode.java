package glia.cli.terminal;

import java.util.List;

/// Exit codes of the process.
public final class ExitCode {
    /// Success.
    public static final int OK = 0;
    /// A comparison of `check` or `tasks splits` failed, a loss or gradient of `train` is not finite, or an answer of
    /// `run` or `chat` does not have the form that was requested. The launcher never returns it for a JVM that does not
    /// start.
    public static final int FAILED = 1;
    /// A usage error: an unknown command or option, a missing or wrong value, a prompt that is too long.
    public static final int USAGE = 2;
    /// A model or another file is missing, damaged or not supported, or cannot be written.
    public static final int BAD_FILE = 3;
    /// The hub or another server could not be reached, or refused the request.
    public static final int NETWORK = 4;
    /// Not enough memory.
    public static final int MEMORY = 5;
    /// The launcher found no JDK or no Maven, could not build the program, or could not start the JVM.
    public static final int NOT_BUILT = 6;
    /// An internal error; `--debug` shows where.
    public static final int INTERNAL = 70;
    /// Ended by Ctrl-C: 128 and the number of the signal, as in shells.
    public static final int INTERRUPTED = 130;

    /// Each code with its meaning, for users.
    public static final List<Meaning> MEANINGS = List.of(
            new Meaning(OK, "success"),
            new Meaning(FAILED, "a comparison of 'check' or 'tasks splits' failed, a loss of 'train' is not finite, "
                    + "its rewards fail, or an answer was cut off before it had its form"),
            new Meaning(USAGE, "wrong command line, or a prompt that is too long"),
            new Meaning(BAD_FILE, "a file is missing, damaged, not supported, or cannot be written"),
            new Meaning(NETWORK, "a server could not be reached, or refused the request"),
            new Meaning(MEMORY, "not enough memory"),
            new Meaning(NOT_BUILT, "no JDK 25 or no Maven, the build failed, or Java could not start"),
            new Meaning(INTERNAL, "internal error; --debug shows where"),
            new Meaning(INTERRUPTED, "ended by Ctrl-C"));

    private ExitCode() {}

    /// @param code the exit code
    /// @param text its meaning
    public record Meaning(int code, String text) {}
}
