package glia.cli.command;

import java.util.List;

/// What the process answers to its caller.
public final class ExitCode {
    /// All went well.
    public static final int OK = 0;
    /// A comparison of `check` failed.
    public static final int FAILED = 1;
    /// The command line was wrong: an unknown command or option, a missing or impossible value.
    public static final int USAGE = 2;
    /// A model or another file is missing, damaged or of a kind that is not supported, or cannot be written.
    public static final int BAD_FILE = 3;
    /// The hub or another server could not be reached, or refused.
    public static final int NETWORK = 4;
    /// Memory did not suffice.
    public static final int MEMORY = 5;
    /// The launcher found no JDK or no Maven, or could not build the program.
    public static final int NOT_BUILT = 6;
    /// Something that should not happen; `--debug` shows where.
    public static final int INTERNAL = 70;
    /// Stopped by Ctrl-C: 128 and the number of the signal, as shells have it.
    public static final int INTERRUPTED = 130;

    /// Each code with its meaning in a few words, for users.
    public static final List<Meaning> MEANINGS = List.of(
            new Meaning(OK, "all went well"),
            new Meaning(FAILED, "a comparison of 'check' failed"),
            new Meaning(USAGE, "the command line was wrong"),
            new Meaning(BAD_FILE, "a model or another file is missing, damaged, not supported, or cannot be written"),
            new Meaning(NETWORK, "a server could not be reached, or refused"),
            new Meaning(MEMORY, "memory did not suffice"),
            new Meaning(NOT_BUILT, "a JDK or Maven is missing, or the program could not be built"),
            new Meaning(INTERNAL, "an error of the program itself; --debug shows where"),
            new Meaning(INTERRUPTED, "stopped by Ctrl-C"));

    private ExitCode() {}

    /// @param code the exit code
    /// @param words what it means
    public record Meaning(int code, String words) {}
}
