package glia.model.write;

import glia.tensor.QuantizedMatrix;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.BlockConverter;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;

/// The numbers of weights as tensors of one type: packed ones become blocks that hold the same numbers, where a format
/// has such blocks, else F32; adapters are added to their base.
final class Unpacked {
    private Unpacked() { }

    /// The type that the numbers of a weight have as a tensor.
    static DType dtype(Weight w) {
        return switch (w) {
            case Weight.Quantized coded -> dtype(coded.matrix());
            case Weight.Stored stored -> stored.tensor().dtype();
            case Weight.Deferred deferred -> deferred.dtype();
            case LowRank adapted -> DType.F32;
        };
    }

    /// Blocks have no column of another place.
    private static DType dtype(QuantizedMatrix matrix) {
        return matrix.hasActOrder() ? DType.F32 : matrix.blockType().orElse(DType.F32);
    }

    /// The numbers: the stored tensor, or what `dtype` says in `arena`.
    static Tensor tensor(Weight w, Arena arena) {
        return switch (w) {
            case Weight.Stored stored -> stored.tensor();
            case Weight.Deferred deferred -> deferred.matrix();
            case Weight.Quantized coded when dtype(coded).isBlock() -> blocks(coded.matrix(), dtype(coded), arena);
            case Weight.Quantized coded -> coded.toF32(arena);
            case LowRank adapted -> adapted.toF32(arena);
        };
    }

    private static Tensor blocks(QuantizedMatrix matrix, DType dtype, Arena arena) {
        Tensor tensor = Tensor.allocate(arena, dtype, matrix.rows(), matrix.cols());
        new BlockConverter().write(matrix, dtype, 0, matrix.rows(), tensor.address());
        return tensor;
    }
}
