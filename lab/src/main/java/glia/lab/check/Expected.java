package glia.lab.check;

import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The file `expected.safetensors`: inputs and the results of a reference implementation.
final class Expected implements AutoCloseable {
    static final String GRADIENT_PREFIX = "grad.";
    /// Prefixes of the names of inputs other than tokens.
    private static final List<String> OTHER_INPUTS = List.of("pixel_values", "image_", "video_", "input_features");

    private final Path file;
    private final SafetensorsCheckpoint tensors;

    Expected(Path file) throws CheckpointException {
        this.file = file;
        this.tensors = SafetensorsCheckpoint.open(file);
    }

    /// @throws CheckpointException if there are inputs other than text
    void requireTextAlone() throws CheckpointException {
        for (String name : tensors.names()) {
            if (OTHER_INPUTS.stream().anyMatch(name::startsWith)) {
                throw new CheckpointException(file, name, "is an image or a sound; Glia runs the text parts of models "
                        + "and expects results for tokens alone");
            }
        }
    }

    boolean has(String name) {
        return tensors.names().contains(name);
    }

    /// An F32 tensor of this file.
    Tensor reals(String name) throws CheckpointException {
        Tensor t = tensors.tensor(name);
        if (t.dtype() != DType.F32) {
            throw new CheckpointException(file, name, "is " + t.dtype() + ", expected F32");
        }
        return t;
    }

    /// A matrix of token ids, one array a row.
    int[][] ids(String name) throws CheckpointException {
        return tensors.ids(name);
    }

    /// A list of integers, such as labels.
    int[] numbers(String name) throws CheckpointException {
        Tensor t = tensors.tensor(name);
        if (t.dtype() != DType.I64) {
            throw new CheckpointException(file, name, "is " + t.dtype() + ", expected I64");
        }
        int[] numbers = new int[Math.toIntExact(t.size())];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Math.toIntExact(t.memory().getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i));
        }
        return numbers;
    }

    /// A matrix of flags.
    boolean[][] flags(String name) throws CheckpointException {
        Tensor t = tensors.tensor(name);
        if (t.dtype() != DType.BOOL || t.rank() != 2) {
            throw new CheckpointException(file, name, "is " + t + ", expected BOOL of two dimensions");
        }
        boolean[][] flags = new boolean[t.rows()][t.cols()];
        for (int i = 0; i < t.size(); i++) {
            flags[i / t.cols()][i % t.cols()] = t.memory().get(ValueLayout.JAVA_BYTE, i) != 0;
        }
        return flags;
    }

    /// The names of the stored gradients, without their prefix.
    List<String> gradients() {
        List<String> names = new ArrayList<>();
        for (String name : tensors.names()) {
            if (name.startsWith(GRADIENT_PREFIX)) {
                names.add(name.substring(GRADIENT_PREFIX.length()));
            }
        }
        return names;
    }

    @Override
    public void close() {
        tensors.close();
    }
}
