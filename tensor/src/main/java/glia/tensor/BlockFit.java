package glia.tensor;

import java.util.Optional;

/// Finds the GGUF block format with 32 values a block that represents a quantized matrix without loss: the same code
/// values, and scales that fit the format's own scale type.
final class BlockFit {
    private static final int BLOCK = 32;

    private BlockFit() { }

    static Optional<DType> find(QuantizedMatrix w) {
        if (!(w.grouping() instanceof QuantizedMatrix.Grouping.Blocks b) || w.cols() % BLOCK != 0
                || b.cols() % BLOCK != 0 && b.cols() < w.cols()) {
            return Optional.empty();
        }
        QuantizedMatrix.Parts p = w.parts();
        if (p.zeros().isPresent() || p.divisor() != 1) {
            return Optional.empty();
        }
        return switch (p.code()) {
            case OFFSET4 -> halves(p.scales()) ? Optional.of(DType.Q4_0) : Optional.empty();
            case OFFSET8, I8 -> halves(p.scales()) ? Optional.of(DType.Q8_0) : Optional.empty();
            case E2M1 -> powers(p.scales()) ? Optional.of(DType.MXFP4) : Optional.empty();
            case E4M3, E5M2, U8, U4 -> Optional.empty();
        };
    }

    /// Whether every scale is an FP16 value.
    private static boolean halves(Tensor scales) {
        DType type = scales.dtype();
        if (type == DType.F16) {
            return true;
        }
        if (type != DType.F32 && type != DType.BF16) {
            return false;
        }
        for (long i = 0; i < scales.size(); i++) {
            long at = scales.address() + type.bytes(i);
            float s = type == DType.F32 ? Memory.f32(at) : Float.intBitsToFloat(Memory.ALL.get(Memory.I16, at) << 16);
            if (Float.float16ToFloat(Float.floatToFloat16(s)) != s) {
                return false;
            }
        }
        return true;
    }

    /// Whether every scale is a power of two that fits E8M0, whose code 255 is NaN.
    private static boolean powers(Tensor scales) {
        if (scales.dtype() != DType.F8_E8M0) {
            return false;
        }
        for (long i = 0; i < scales.size(); i++) {
            if (Memory.u8(scales.address() + i) == 255) {
                return false;
            }
        }
        return true;
    }
}
