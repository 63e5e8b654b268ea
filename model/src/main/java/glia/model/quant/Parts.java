package glia.model.quant;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.TensorEntry;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/// Reads and checks the tensors of quantized weights, and records which were read.
final class Parts {
    private final Path path;
    private final Checkpoint checkpoint;
    private final Set<String> used = new HashSet<>();

    Parts(Path path, Checkpoint checkpoint) {
        this.path = path;
        this.checkpoint = checkpoint;
    }

    /// The names of all tensors that were read.
    Set<String> used() {
        return used;
    }

    boolean has(String name) {
        return checkpoint.names().contains(name);
    }

    /// A tensor that may turn out not to belong to a quantized weight; it is not recorded.
    Tensor peek(String name) throws CheckpointException {
        return checkpoint.tensor(name);
    }

    /// A tensor whose shape the caller checks.
    Tensor tensor(String name) throws CheckpointException {
        used.add(name);
        return checkpoint.tensor(name);
    }

    /// Codes or packed integers of a given type and rank that fill their rows.
    Tensor codes(String name, int rank, DType... types) throws CheckpointException {
        Tensor t = tensor(name);
        if (!Arrays.asList(types).contains(t.dtype()) || t.rank() != rank) {
            throw error(name, "found " + t + ", expected packed codes " + Arrays.toString(types) + " of rank " + rank);
        }
        if (t.rows() == 0 || t.cols() == 0) {
            throw error(name, "found " + t + ", expected at least one code");
        }
        return t;
    }

    /// A tensor of exactly this shape.
    Tensor whole(String name, DType type, long... shape) throws CheckpointException {
        Tensor t = tensor(name);
        if (t.dtype() != type || !t.is(shape)) {
            throw error(name, "found " + t + ", expected " + type + Arrays.toString(shape));
        }
        return t;
    }

    /// Scales of exactly this shape.
    Tensor scales(String name, long... shape) throws CheckpointException {
        Tensor t = real(name);
        if (!t.is(shape)) {
            throw error(name, "found " + t + ", expected scales of shape " + Arrays.toString(shape));
        }
        return t;
    }

    /// A tensor of real numbers; U8 stands for powers of two (E8M0).
    Tensor real(String name) throws CheckpointException {
        Tensor t = tensor(name);
        Tensor read = t.dtype() == DType.U8 ? t.view(0, DType.F8_E8M0, t.shape()) : t;
        if (!read.dtype().isReal() || read.dtype() == DType.F64) {
            throw error(name, "found " + t + ", expected scales");
        }
        return read;
    }

    /// All elements of a tensor of real numbers.
    float[] floats(String name, long size) throws CheckpointException {
        Tensor t = tensor(name);
        if (!t.dtype().isReal() || t.size() != size) {
            throw error(name, "found " + t + ", expected " + size + " real numbers");
        }
        float[] numbers = new float[Math.toIntExact(size)];
        Decode.toFloats(t.dtype(), t.address(), numbers, 0, numbers.length);
        return numbers;
    }

    /// A small integer, stored as a tensor of one element.
    int integer(String name) throws CheckpointException {
        Tensor t = tensor(name);
        if (t.size() != 1 || t.dtype() != DType.U8 && t.dtype() != DType.I32) {
            throw error(name, "found " + t + ", expected one integer");
        }
        return t.dtype() == DType.U8 ? Memory.u8(t.address()) : Memory.i32(t.address());
    }

    /// Text, stored as a tensor of bytes.
    String text(String name) throws CheckpointException {
        Tensor t = whole(name, DType.U8, peek(name).size());
        byte[] bytes = new byte[Math.toIntExact(t.size())];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Memory.u8(t.address() + i);
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /// A JSON object, stored as a tensor of bytes.
    Config json(String name) throws CheckpointException {
        return Config.parse(path.resolve(name), text(name));
    }

    /// The bytes of a tensor of any type.
    Tensor bytes(String name, long size) throws CheckpointException {
        Tensor t = tensor(name);
        if (t.sizeBytes() != size) {
            throw error(name, "found " + t + ", expected " + size + " bytes of codes");
        }
        return t.view(0, DType.U8, size);
    }

    /// The group of each column; groups must be from 0 to `numGroups - 1`.
    int[] groups(String name, int cols, int numGroups) throws CheckpointException {
        Tensor t = whole(name, DType.I32, cols);
        int[] groups = new int[cols];
        for (int k = 0; k < cols; k++) {
            groups[k] = Memory.i32(t.address() + 4L * k);
            if (groups[k] < 0 || groups[k] >= numGroups) {
                throw error(name, "puts column " + k + " into group " + groups[k] + ", there are " + numGroups);
            }
        }
        return groups;
    }

    CheckpointException error(String name, String problem) {
        return new CheckpointException(path, TensorEntry.where(name), problem);
    }
}
