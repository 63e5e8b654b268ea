package glia.io.gguf;

import glia.tensor.DType;

/// The numbers of tensor types in GGUF files.
///
/// Source: https://github.com/ggml-org/ggml, `enum ggml_type`
final class GgufTypes {
    /// Names by number; an empty name is an unused number.
    private static final String[] NAMES = {
        "F32", "F16", "Q4_0", "Q4_1", "", "", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
        "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8", "I16", "I32",
        "I64", "F64", "IQ1_M", "BF16", "", "", "", "TQ1_0", "TQ2_0", "", "", "", "MXFP4", "NVFP4", "Q1_0", "Q2_0"};
    private static final DType[] TYPES = new DType[NAMES.length];

    static {
        for (DType dtype : DType.values()) {
            int number = number(dtype);
            if (number >= 0) {
                TYPES[number] = dtype;
            }
        }
    }

    private GgufTypes() { }

    /// The type of this number, or null if Glia does not support it.
    static DType of(int number) {
        return number < 0 || number >= TYPES.length ? null : TYPES[number];
    }

    /// The name of a type, for messages.
    static String name(int number) {
        boolean known = number >= 0 && number < NAMES.length && !NAMES[number].isEmpty();
        return known ? NAMES[number] : "number " + Integer.toUnsignedString(number);
    }

    /// The number of a type, or -1 if the format does not have it.
    static int number(DType dtype) {
        for (int i = 0; i < NAMES.length; i++) {
            if (NAMES[i].equals(dtype.name())) {
                return i;
            }
        }
        return -1;
    }
}
