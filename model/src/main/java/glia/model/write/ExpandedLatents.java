package glia.model.write;

import glia.model.spec.LatentAttention;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import glia.tensor.format.BlockConverter;
import glia.tensor.format.Decode;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;

/// Converts the matrices that expand latents to keys and values from one matrix, `[H·(plain + value), latent]`, to two,
/// `[H, latent, plain]` and `[H, value, latent]`, or back.
final class ExpandedLatents {
    private ExpandedLatents() { }

    static Tensor numbers(LayoutConversion restated, Parameter p, Arena arena) {
        LatentAttention a = LayoutConversion.latent(restated.to(), p);
        int plain = a.plainSize();
        int value = a.valueSize();
        int latent = a.latentSize();
        if (p.role() == Role.EXPANSION) {
            Tensor joined = Tensor.allocate(arena, DType.F32, (long) a.numHeads() * (plain + value), latent);
            Tensor keys = wide(restated, p, Role.KEY_EXPANSION, arena);
            Tensor values = wide(restated, p, Role.VALUE_EXPANSION, arena);
            for (int h = 0; h < a.numHeads(); h++) {
                for (int j = 0; j < latent; j++) {
                    for (int i = 0; i < plain; i++) {
                        joined.set(at(h * (plain + value) + i, j, latent), keys.get(at(h * latent + j, i, plain)));
                    }
                    for (int i = 0; i < value; i++) {
                        joined.set(at(h * (plain + value) + plain + i, j, latent),
                                values.get(at(h * value + i, j, latent)));
                    }
                }
            }
            return joined;
        }
        Tensor joined = wide(restated, p, Role.EXPANSION, arena);
        boolean keys = p.role() == Role.KEY_EXPANSION;
        int rows = keys ? plain : value;
        int first = keys ? 0 : plain;
        Tensor part = keys ? Tensor.allocate(arena, DType.F32, a.numHeads(), latent, plain)
                : Tensor.allocate(arena, DType.F32, a.numHeads(), value, latent);
        for (int h = 0; h < a.numHeads(); h++) {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < latent; j++) {
                    float number = joined.get(at(h * (plain + value) + first + i, j, latent));
                    part.set(keys ? at(h * latent + j, i, plain) : at(h * value + i, j, latent), number);
                }
            }
        }
        return part;
    }

    private static long at(int row, int col, int cols) {
        return (long) row * cols + col;
    }

    private static Tensor wide(LayoutConversion restated, Parameter p, Role role, Arena arena) {
        return Decode.widen(Unpacked.tensor(restated.weights().get(new Parameter(p.place(), role)), arena), arena);
    }

    /// Weights as tensors: quantized ones become a GGUF block format with the same values if there is one, else F32;
    /// adapters are merged into their base.
    static final class Unpacked {
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
}
