package glia.io.file;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.function.Function;

/// A tensor that is computed when it is written, so that a file need not fit into memory.
///
/// @param shape the dimensions, outermost first
/// @param make computes the tensor of this type and shape in scratch memory, which is freed after it is written
public record TensorContent(DType dtype, long[] shape, Function<Arena, Tensor> make) {
    /// An existing tensor.
    public static TensorContent of(Tensor tensor) {
        return new TensorContent(tensor.dtype(), tensor.shape(), _ -> tensor);
    }

    /// Its size in bytes.
    public long sizeBytes() {
        return dtype.bytes(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    }
}
