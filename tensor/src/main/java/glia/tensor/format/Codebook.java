package glia.tensor.format;

import glia.tensor.DType;

/// The values of ggml's formats that store codes of at most four bits: `value = scale · values[code]`. Where the file
/// stores magnitudes and signs, the highest bit of a code is the sign. IQ1's values are eight times those of the
/// format, -1, 0 and 1 plus or minus 1/8.
///
/// Source: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
public enum Codebook {
    E2M1(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12),
    IQ4(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113),
    IQ3_S(1, 3, 5, 7, 9, 11, 13, 15, -1, -3, -5, -7, -9, -11, -13, -15),
    IQ3_XXS(4, 12, 20, 28, 36, 44, 52, 62, -4, -12, -20, -28, -36, -44, -52, -62),
    IQ2(8, 25, 43, 0, -8, -25, -43, 0),
    IQ1(-7, 1, 9, 0, -9, -1, 7, 0),
    /// Codes are integers with offset 1.
    TERNARY(-1, 0, 1, 2);

    private final int[] values;
    /// The values as F32, by code.
    final float[] floats;

    Codebook(int... values) {
        this.values = values;
        floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = values[i];
        }
    }

    /// Bits of a code: 2 to 4.
    public int bits() {
        return Integer.numberOfTrailingZeros(values.length);
    }

    /// The number of codes.
    public int size() {
        return values.length;
    }

    public int value(int code) {
        return values[code];
    }

    /// The codebook of a type.
    ///
    /// @throws IllegalArgumentException if the type is not read by `CodebookBlocks`
    public static Codebook of(DType type) {
        return switch (type) {
            case IQ4_NL, IQ4_XS -> IQ4;
            case IQ3_S -> IQ3_S;
            case IQ3_XXS -> IQ3_XXS;
            case IQ2_S, IQ2_XS, IQ2_XXS -> IQ2;
            case IQ1_M, IQ1_S -> IQ1;
            case NVFP4 -> E2M1;
            case TQ2_0, TQ1_0, Q2_0, Q1_0 -> TERNARY;
            default -> throw new IllegalArgumentException(type + " has no codebook");
        };
    }
}
