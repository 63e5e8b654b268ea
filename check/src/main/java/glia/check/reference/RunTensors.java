package glia.check.reference;

import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import java.nio.file.Path;
import java.util.Arrays;

/// The tensors of a training run: `step<i>.<input>`, gradients and final logits.
public final class RunTensors {
    private final Path file;
    private final SafetensorsCheckpoint tensors;

    public RunTensors(Path file, SafetensorsCheckpoint tensors) {
        this.file = file;
        this.tensors = tensors;
    }

    /// Whether a step has an input.
    public boolean has(int step, String input) {
        return tensors.names().contains(name(step, input));
    }

    /// An input of a step: a matrix `[sequences, tokens]`.
    ///
    /// @throws CheckpointException if there is none or it has another number of dimensions
    public CaseTensor matrix(int step, String input) throws CheckpointException {
        return input(step, input, 2, "[sequences, tokens]");
    }

    /// An input of a step with one number for each sequence.
    ///
    /// @throws CheckpointException if there is none or it has another number of dimensions
    public CaseTensor column(int step, String input) throws CheckpointException {
        return input(step, input, 1, "[sequences]");
    }

    private CaseTensor input(int step, String input, int dims, String expected) throws CheckpointException {
        CaseTensor t = CaseTensor.of(tensors.tensor(name(step, input)));
        if (t.shape().length != dims) {
            throw error(step, input, "is " + Arrays.toString(t.shape()) + ", expected " + expected);
        }
        return t;
    }

    /// An error about an input of a step.
    public CheckpointException error(int step, String input, String message) {
        return new CheckpointException(file, name(step, input), message);
    }

    private static String name(int step, String input) {
        return "step" + step + '.' + input;
    }
}
