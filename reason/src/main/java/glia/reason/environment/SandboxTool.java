package glia.reason.environment;

import glia.reason.sandbox.Sandbox;
import glia.reason.sandbox.SandboxLimits;
import glia.reason.sandbox.SandboxResult;
import glia.reason.sandbox.SandboxUnavailableException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Runs programs in a sandboxed child process, for example with `python3`.
///
/// @param sandbox where they run
/// @param command the interpreter with its arguments, before the program's file
/// @param name the tool's name
public record SandboxTool(Sandbox sandbox, List<String> command, String name) implements Tool {
    private static final String FILE = "program";

    public SandboxTool {
        command = List.copyOf(command);
    }

    /// The user's Python 3, as `python`, with [SandboxLimits#STANDARD].
    ///
    /// @throws IllegalArgumentException if programs cannot be isolated here, or there is no `python3`
    public static SandboxTool python() {
        try {
            SandboxTool tool = new SandboxTool(new Sandbox(SandboxLimits.STANDARD), List.of("python3"), "python");
            if (tool.sandbox.has("python3")) {
                return tool;
            }
        } catch (SandboxUnavailableException e) {
            throw new IllegalArgumentException("tool python: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException("tool python: found no python3 among the system's programs; install it");
    }

    @Override
    public String usage() {
        return "runs a program with " + command.getFirst() + " and returns what it prints.";
    }

    @Override
    public String run(String input) {
        List<String> all = new ArrayList<>(command);
        all.add(FILE);
        try {
            SandboxResult result = sandbox.run(all, Map.of(FILE, input.strip()), "");
            return switch (result.status()) {
                case SUCCEEDED -> result.output();
                case FAILED -> result.output() + "error: " + result.errors();
                case TIMED_OUT -> result.output() + "error: stopped by the time limit";
                case TOO_MUCH_OUTPUT -> result.output() + "error: printed too much";
            };
        } catch (IOException e) {
            return "error: the program cannot be started: " + e.getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "error: interrupted";
        }
    }
}
