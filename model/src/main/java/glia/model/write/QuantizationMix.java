package glia.model.write;

import glia.io.Suggestions;
import glia.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// The types that `glia quantize` writes, with llama.cpp's names: most matrices get the base type, some that matter
/// more a larger one ([MixedTypes]).
///
/// @see <a href="https://github.com/ggml-org/llama.cpp/blob/master/src/llama-quant.cpp">llama.cpp:
///     `llama-quant.cpp`</a>
public enum QuantizationMix {
    F32(DType.F32, 0),
    F16(DType.F16, 1),
    BF16(DType.BF16, 32),
    Q8_0(DType.Q8_0, 7),
    Q6_K(DType.Q6_K, 18),
    Q5_K_M(DType.Q5_K, 17),
    Q5_K_S(DType.Q5_K, 16),
    Q5_1(DType.Q5_1, 9),
    Q5_0(DType.Q5_0, 8),
    Q4_K_M(DType.Q4_K, 15),
    Q4_K_S(DType.Q4_K, 14),
    Q4_1(DType.Q4_1, 3),
    Q4_0(DType.Q4_0, 2),
    IQ4_NL(DType.IQ4_NL, 25),
    IQ4_XS(DType.IQ4_XS, 30),
    Q3_K_L(DType.Q3_K, 13),
    Q3_K_M(DType.Q3_K, 12),
    IQ3_M(DType.IQ3_S, 27),
    Q3_K_S(DType.Q3_K, 11),
    IQ3_S(DType.IQ3_S, 26),
    IQ3_XS(DType.IQ3_S, 22),
    IQ3_XXS(DType.IQ3_XXS, 23),
    Q2_K(DType.Q2_K, 10),
    /// Needs an importance matrix.
    Q2_K_S(DType.Q2_K, 21),
    /// These too.
    IQ2_M(DType.IQ2_S, 29),
    IQ2_S(DType.IQ2_XS, 28),
    IQ2_XS(DType.IQ2_XS, 20),
    IQ2_XXS(DType.IQ2_XXS, 19),
    /// For models that were trained with weights -1, 0 and 1.
    TQ2_0(DType.TQ2_0, 37),
    TQ1_0(DType.TQ1_0, 36),
    /// Experts are MXFP4, other matrices Q8_0.
    MXFP4_MOE(DType.MXFP4, 38);

    /// Types of llama.cpp that are read but not written, each with the nearest of these.
    private static final List<String> UNWRITTEN = List.of("IQ1_M:IQ2_XXS", "IQ1_S:IQ2_XXS",
            "Q1_0:Q2_K", "Q2_0:Q2_K", "NVFP4:MXFP4_MOE");

    private final DType base;
    private final int fileType;

    QuantizationMix(DType base, int fileType) {
        this.base = base;
        this.fileType = fileType;
    }

    /// Whether the type is too small to be written without an importance matrix.
    boolean needsImportance() {
        return switch (this) {
            case Q2_K_S, IQ2_M, IQ2_S, IQ2_XS, IQ2_XXS -> true;
            default -> false;
        };
    }

    /// The type of most matrices.
    public DType base() {
        return base;
    }

    /// The value of `general.file_type`.
    int fileType() {
        return fileType;
    }

    /// The value of `general.file_type` of a file whose matrices all have one type.
    static int fileType(DType type) {
        return Arrays.stream(values()).filter(mix -> mix.base == type).mapToInt(QuantizationMix::fileType).min()
                .orElse(0);
    }

    /// The names that `of` accepts, in lower case, from large to small.
    public static List<String> names() {
        return Stream.of(values()).map(mix -> mix.name().toLowerCase(Locale.ROOT)).toList();
    }

    /// The mix of a name in upper or lower case; `Q4_K` is `Q4_K_M`, and so on.
    ///
    /// @throws IllegalArgumentException if there is none
    public static QuantizationMix of(String name) {
        String upper = name.toUpperCase(Locale.ROOT).replace('-', '_');
        String whole = upper.matches("Q[345]_K") ? upper + "_M" : upper.equals("MXFP4") ? "MXFP4_MOE" : upper;
        for (QuantizationMix mix : values()) {
            if (mix.name().equals(whole)) {
                return mix;
            }
        }
        for (String other : UNWRITTEN) {
            if (other.startsWith(upper + ":")) {
                throw new IllegalArgumentException("'" + name + "' is a type that Glia reads but does not write; the "
                        + "nearest is " + other.substring(other.indexOf(':') + 1).toLowerCase(Locale.ROOT));
            }
        }
        throw new IllegalArgumentException("'" + name + "' is not one of " + String.join(", ", names()) + "."
                + Suggestions.sentence(name, names()));
    }
}
