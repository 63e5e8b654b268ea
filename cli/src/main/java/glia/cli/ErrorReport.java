package glia.cli;

import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cluster.RankException;
import glia.engine.sampling.LogitException;
import glia.engine.state.ContextFullException;
import glia.engine.state.StateMemoryException;
import glia.io.CheckpointException;
import glia.io.hub.HubException;
import glia.text.template.TemplateException;
import glia.train.run.TrainingException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/// An error for the user: message and exit code.
///
/// @param message one line, or two if the second says what to try
/// @param exitCode one of [ExitCode]
record ErrorReport(String message, int exitCode) {

    /// What to read where memory is short.
    private static final String PLAN = "glia plan --this-machine shows what runs here, and how fast";

    /// The report on an error.
    ///
    /// @param command the command that was called, such as `glia run`
    static ErrorReport of(Throwable error, String command) {
        return switch (error) {
            case UsageException e -> new ErrorReport(e.getMessage()
                    + "\n" + hint(command), ExitCode.USAGE);
            case HubException e -> new ErrorReport(e.getMessage(), exitCode(e.kind()));
            case StateMemoryException e -> new ErrorReport(e.getMessage() + "\n" + PLAN, ExitCode.MEMORY);
            case CheckpointException e -> new ErrorReport(e.getMessage(), ExitCode.BAD_FILE);
            case NoSuchFileException e -> new ErrorReport(e.getFile() + ": no such file", ExitCode.BAD_FILE);
            case FileNotFoundException e -> new ErrorReport(e.getMessage(), ExitCode.BAD_FILE);
            case AccessDeniedException e -> new ErrorReport(e.getFile() + ": access is denied", ExitCode.BAD_FILE);
            case FileSystemException e -> new ErrorReport(e.getMessage(), ExitCode.BAD_FILE);
            case IOException e -> new ErrorReport(text(e), ExitCode.BAD_FILE);
            case TemplateException e -> new ErrorReport(e.getMessage(), ExitCode.BAD_FILE);
            case ContextFullException e -> new ErrorReport(e.getMessage(), ExitCode.USAGE);
            case TrainingException e -> new ErrorReport(e.getMessage()
                    + "\nthe checkpoints are kept: --resume continues from the last one, also with another key=value",
                    ExitCode.FAILED);
            case RankException e -> new ErrorReport(e.getMessage(), ExitCode.BAD_FILE);
            case LogitException e -> new ErrorReport(e.getMessage(), ExitCode.BAD_FILE);
            case IllegalArgumentException e -> new ErrorReport(text(e), ExitCode.USAGE);
            case OutOfMemoryError e -> new ErrorReport("not enough memory: " + text(e)
                    + "\ntry a smaller --context, or a model in a smaller format\n" + PLAN, ExitCode.MEMORY);
            default -> new ErrorReport("internal error: " + text(error)
                    + "\nplease report it with what --debug shows", ExitCode.INTERNAL);
        };
    }

    private static String hint(String command) {
        return command.indexOf(' ') < 0 || command.equals("glia help") ? "glia --help lists the commands"
                : command + " --help shows its options";
    }

    private static int exitCode(HubException.Kind kind) {
        return switch (kind) {
            case SETTINGS -> ExitCode.USAGE;
            case OFFLINE, UNREACHABLE, DENIED, RATE_LIMITED, SERVER -> ExitCode.NETWORK;
            case NAME, NOT_FOUND, CORRUPT, REFUSED, DISK, PROGRAM -> ExitCode.BAD_FILE;
            case INTERRUPTED -> ExitCode.INTERRUPTED;
        };
    }

    /// Prints the report on standard error.
    ///
    /// @param trace the error whose stack trace is printed too, or null
    /// @return the exit code
    int print(Console console, Throwable trace) {
        console.err().println("glia: " + message);
        if (trace != null) {
            trace.printStackTrace(console.err());
        }
        return exitCode;
    }

    private static String text(Throwable error) {
        return error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
    }
}
