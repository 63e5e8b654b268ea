package glia.model.write;

import glia.tensor.CodedMatrix;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.CodedBlocks;
import glia.tensor.format.CodedDecoder;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The numbers of weights as tensors of one type: packed ones become blocks that hold the same numbers, where a format
/// has such blocks, else F32.
final class Unpacked {
    private Unpacked() { }

    /// The type that the numbers of a weight have as a tensor.
    static DType dtype(Weight w) {
        return switch (w) {
            case Weight.Coded coded -> dtype(coded.matrix());
            case Weight.Stored stored -> stored.tensor().dtype();
            case Weight.Deferred deferred -> deferred.dtype();
        };
    }

    /// Blocks have no column of another place.
    private static DType dtype(CodedMatrix matrix) {
        return matrix.isShuffled() ? DType.F32 : matrix.blockType().orElse(DType.F32);
    }

    /// The numbers: the stored tensor, or those of codes in `arena`.
    static Tensor tensor(Weight w, Arena arena) {
        return switch (w) {
            case Weight.Coded coded -> tensor(coded.matrix(), arena);
            case Weight.Stored stored -> stored.tensor();
            case Weight.Deferred deferred -> deferred.matrix();
        };
    }

    private static Tensor tensor(CodedMatrix matrix, Arena arena) {
        DType dtype = dtype(matrix);
        Tensor tensor = Tensor.allocate(arena, dtype, matrix.rows(), matrix.cols());
        if (dtype.isBlock()) {
            new CodedBlocks().write(matrix, dtype, 0, matrix.rows(), tensor.address());
            return tensor;
        }
        CodedDecoder decoder = new CodedDecoder();
        float[] row = new float[matrix.cols()];
        for (int r = 0; r < matrix.rows(); r++) {
            decoder.decode(matrix, r, 0, row.length, row, 0);
            tensor.memory().asSlice(r * tensor.rowBytes(), tensor.rowBytes())
                    .copyFrom(MemorySegment.ofArray(row));
        }
        return tensor;
    }
}
