package glia.model.write;

import glia.tensor.QuantizedMatrix;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.BlockConverter;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;

/// Weights as tensors: quantized ones become a GGUF block format with the same values if there is one, else F32;
/// adapters are merged into their base.
final class Unpacked {
    private Unpacked() { }

    /// The type of a weight as a tensor.
    static DType dtype(Weight w) {
        return switch (w) {
            case Weight.Quantized coded -> dtype(coded.matrix());
            case Weight.Stored stored -> stored.tensor().dtype();
            case Weight.Deferred deferred -> deferred.dtype();
            case LowRank adapted -> DType.F32;
        };
    }

    /// Block formats cannot reorder columns.
    private static DType dtype(QuantizedMatrix matrix) {
        return matrix.hasActOrder() ? DType.F32 : matrix.blockType().orElse(DType.F32);
    }

    /// The stored tensor, or a new one of the type `dtype` in `arena`.
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
