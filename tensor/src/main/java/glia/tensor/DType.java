package glia.tensor;

/// An element type: how values are stored. Values are stored in *blocks* of `blockElements` values and `blockBytes`
/// bytes. Plain types have one value a block; in the GGUF block formats 32 to 256 values share scales.
///
/// Source of the block layouts: ggml (https://github.com/ggml-org/ggml), of FP8: https://arxiv.org/abs/2209.05433.
public enum DType {
    F64(1, 8), F32(1, 4), F16(1, 2), BF16(1, 2), F8_E4M3(1, 1), F8_E5M2(1, 1), F8_E8M0(1, 1),
    I64(1, 8), I32(1, 4), I16(1, 2), I8(1, 1), U8(1, 1), BOOL(1, 1),
    Q8_0(32, 34), Q4_0(32, 18), Q4_1(32, 20), Q5_0(32, 22), Q5_1(32, 24), MXFP4(32, 17),
    Q2_K(256, 84), Q3_K(256, 110), Q4_K(256, 144), Q5_K(256, 176), Q6_K(256, 210),
    IQ4_NL(32, 18), IQ4_XS(256, 136), IQ3_S(256, 110), IQ3_XXS(256, 98), IQ2_S(256, 82), IQ2_XS(256, 74),
    IQ2_XXS(256, 66), IQ1_M(256, 56), IQ1_S(256, 50), NVFP4(64, 36), TQ2_0(256, 66), TQ1_0(256, 54), Q2_0(64, 18),
    Q1_0(128, 18);

    private final int blockElements;
    private final int blockBytes;

    DType(int blockElements, int blockBytes) {
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /// Values in one block; 1 for plain types.
    public int blockElements() {
        return blockElements;
    }

    /// Size of a block, in bytes.
    public int blockBytes() {
        return blockBytes;
    }

    /// Whether several values share a scale.
    public boolean isBlock() {
        return blockElements > 1;
    }

    /// Whether matrix multiplications with weights of this type may quantize their activations to int8 (see
    /// `Precision.FAST`).
    public boolean isQuantized() {
        return isBlock();
    }

    /// Whether the type holds real numbers, as opposed to integers and flags.
    public boolean isReal() {
        return ordinal() <= F8_E8M0.ordinal() || isBlock();
    }

    /// Size of `elements` values, in bytes.
    ///
    /// @throws IllegalArgumentException if they do not fill whole blocks
    /// @throws ArithmeticException if the size does not fit 63 bits
    public long bytes(long elements) {
        if (elements < 0 || elements % blockElements != 0) {
            throw new IllegalArgumentException(this + " comes in blocks of " + blockElements + ", not " + elements
                    + " numbers");
        }
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }
}
