package glia.reason.environment;

import glia.reason.program.Execution;
import glia.reason.program.Limits;
import glia.reason.program.PythonSubset;

/// Runs programs in a subset of Python in this process, without access to anything outside.
///
/// @param limits steps, memory and output
public record PythonTool(Limits limits) implements Tool {
    /// With [Limits#DEFAULT].
    public PythonTool() {
        this(Limits.DEFAULT);
    }

    @Override
    public String name() {
        return "python";
    }

    @Override
    public String usage() {
        return "runs a Python program and returns what it prints.";
    }

    @Override
    public String run(String input) {
        Execution execution = PythonSubset.run(input.strip(), limits);
        return execution.output() + execution.error().map(error -> "error: " + error).orElse("");
    }
}
