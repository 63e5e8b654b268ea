package glia.kernels.panels;

import glia.kernels.code.IsaLevel;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import glia.tensor.format.CodebookBlocks.Codebook;

/// The packed layouts of quantized weights for emitted matrix multiplication. A matrix `[R,K]` is split into *panels*
/// of 16 rows, one for each lane of a 512-bit vector; missing rows of the last panel have scales of 0. A panel consists
/// of
///
/// **the quants**: `64 · bits` bytes for each block of 32 columns. Quants are unsigned integers, as required by dot
/// products of unsigned with signed bytes; four neighbors of a row, a *quad*, fill a lane. With 8 bits, byte `64i + 4r
/// + j` is value `4i + j` of row r. With fewer bits, byte `64m + 4r + j` holds the low four bits of value `4m + j` and,
/// above them, those of value `4(m + 4) + j`; 64 bytes follow for a fifth bit (bit i of byte `4r + j` belongs to value
/// `4i + j`), or 128 bytes for a fifth and sixth (bits 2i and 2i + 1 for quads 0 to 3, and the same for quads 4 to 7 in
/// the second half). 2-bit quants are stored like a fifth and sixth bit, a third bit like a fifth;
///
/// **the scales**: for each block, or superblock of 256 columns, as `Scales` defines.
///
/// So a panel is as large as in the file, except that scales of less than 8 bits take 8: bits a weight are 4.625
/// instead of 4.5 (Q4_K), 5.625 instead of 5.5 (Q5_K), 3.5625 instead of 3.4375 (Q3_K), 3.125 instead of 2.625 (Q2_K).
/// Formats whose files hold indexes of groups of values are stored value by value: IQ3 takes 4.375 bits, IQ2 and IQ1
/// 3.4 or 3.6, TQ 2.4.
///
/// A value is `scale · (quant - offset) [+ min]`. With a codebook, stored codes are looked up in the inner loop: a
/// quant is `codebook value + offset`.
public enum PanelFormat {
    Q8_0(DType.Q8_0, 8, Scales.ONE, 128),
    Q4_0(DType.Q4_0, 4, Scales.ONE, 8),
    Q4_1(DType.Q4_1, 4, Scales.WITH_MIN, 0),
    Q5_0(DType.Q5_0, 5, Scales.ONE, 16),
    Q5_1(DType.Q5_1, 5, Scales.WITH_MIN, 0),
    Q4_K(DType.Q4_K, 4, Scales.SUPER_WITH_MIN, 0),
    Q5_K(DType.Q5_K, 5, Scales.SUPER_WITH_MIN, 0),
    Q6_K(DType.Q6_K, 6, Scales.SUPER_HALVES, 32),
    Q3_K(DType.Q3_K, 3, Scales.SUPER_HALVES, 4),
    Q2_K(DType.Q2_K, 2, Scales.SUPER_HALVES_WITH_MIN, 0),
    MXFP4(DType.MXFP4, Codebook.E2M1, Scales.POWER, 12),
    IQ4_NL(DType.IQ4_NL, Codebook.IQ4, Scales.ONE, 128),
    IQ4_XS(DType.IQ4_XS, Codebook.IQ4, Scales.SUPER, 128),
    IQ3_S(DType.IQ3_S, Codebook.IQ3_S, Scales.SUPER, 16),
    IQ3_XXS(DType.IQ3_XXS, Codebook.IQ3_XXS, Scales.SUPER, 64),
    IQ2_S(DType.IQ2_S, Codebook.IQ2, Scales.SUPER_HALVES_F32, 64),
    IQ2_XS(DType.IQ2_XS, Codebook.IQ2, Scales.SUPER_HALVES_F32, 64),
    IQ2_XXS(DType.IQ2_XXS, Codebook.IQ2, Scales.SUPER, 64),
    IQ1_M(DType.IQ1_M, Codebook.IQ1, Scales.SUPER_HALVES_F32, 16),
    IQ1_S(DType.IQ1_S, Codebook.IQ1, Scales.SUPER, 16),
    NVFP4(DType.NVFP4, Codebook.E2M1, Scales.HALVES, 12),
    TQ2_0(DType.TQ2_0, 2, Scales.SUPER, 1),
    TQ1_0(DType.TQ1_0, 2, Scales.SUPER, 1),
    Q2_0(DType.Q2_0, 2, Scales.ONE, 1),
    Q1_0(DType.Q1_0, 2, Scales.ONE, 1);

    /// The layout of the scales after a panel's quants.
    public enum Scales {
        /// For each block: `d` F16 [16].
        ONE(1, 32, 0),
        /// For each block: `e` u8 [16]; scale = 2^(e - 128).
        POWER(1, 16, 0),
        /// For each block: `d` F16 [16], `m` F16 [16]; min = m.
        WITH_MIN(1, 64, 0),
        /// For each block: `d` F16 [16] of the first 16 columns, `d` F16 [16] of the others.
        HALVES(1, 64, 0),
        /// For each superblock: 8 × `sc` i8 [16], `d` F32 [16]; scale = d · sc.
        SUPER(8, 16, 64),
        /// The same with two `sc` for each block, of the first 16 columns and of the others.
        SUPER_HALVES_F32(8, 32, 64),
        /// For each superblock: 8 × (`sc` u8 [16], `mn` u8 [16]), `d` F16 [16], `dmin` F16 [16];
        /// scale = d · sc, min = -dmin · mn.
        SUPER_WITH_MIN(8, 32, 64),
        /// For each superblock: 8 × (`sc` i8 [16] of the first 16 columns, `sc` i8 [16] of the others), `d` F16 [16];
        /// scale = d · sc.
        SUPER_HALVES(8, 32, 32),
        /// For each superblock: 8 × (`sc` u8 [16] and another for the second half, `mn` u8 [16] and another for the
        /// second half), `d` F16 [16], `dmin` F16 [16]; scale = d · sc, min = -dmin · mn.
        SUPER_HALVES_WITH_MIN(8, 64, 64);

        /// Blocks of 32 columns that share an entry.
        public final int blocks;
        /// Bytes of an entry for each block.
        public final int blockBytes;
        /// Bytes of an entry.
        public final int sizeBytes;

        Scales(int blocks, int blockBytes, int sharedBytes) {
            this.blocks = blocks;
            this.blockBytes = blockBytes;
            sizeBytes = blocks * blockBytes + sharedBytes;
        }

        public boolean hasMin() {
            return this == WITH_MIN || this == SUPER_WITH_MIN || this == SUPER_HALVES_WITH_MIN;
        }

        /// Scales of a row in a block.
        public int halves() {
            return switch (this) {
                case HALVES, SUPER_HALVES, SUPER_HALVES_F32, SUPER_HALVES_WITH_MIN -> 2;
                default -> 1;
            };
        }
    }

    /// Rows of a panel.
    public static final int ROWS = 16;
    /// Columns of a block, and its quads.
    public static final int BLOCK = 32;
    public static final int QUADS = 8;
    private static final int LINE = 64;
    /// The version of the layout: packed panels are kept from one run of the program to another.
    private static final int LAYOUT = 1;
    private static final PanelFormat[] BY_TYPE = new PanelFormat[DType.values().length];

    static {
        for (PanelFormat format : values()) {
            BY_TYPE[format.type.ordinal()] = format;
        }
    }

    public final DType type;
    public final int bits;
    public final Scales scales;
    public final int offset;
    /// What stored codes stand for, or null if they are the quants.
    public final Codebook codebook;

    PanelFormat(DType type, int bits, Scales scales, int offset) {
        this(type, bits, scales, offset, null);
    }

    PanelFormat(DType type, Codebook codebook, Scales scales, int offset) {
        this(type, codebook.bits(), scales, offset, codebook);
    }

    PanelFormat(DType type, int bits, Scales scales, int offset, Codebook codebook) {
        this.type = type;
        this.bits = bits;
        this.scales = scales;
        this.offset = offset;
        this.codebook = codebook;
    }

    /// @throws IllegalArgumentException if shapes or types do not fit
    public static void check(Tensor y, Tensor x, Matrix w) {
        ProductShapes.check(y, x, w);
        if (of(w) == null) {
            throw new IllegalArgumentException("no int8 matrix multiplication with " + w);
        }
    }

    /// The format for weights of this type, or null if there is none.
    public static PanelFormat of(DType type) {
        return BY_TYPE[type.ordinal()];
    }

    /// The format for a weight, or null if there is none.
    public static PanelFormat of(Matrix w) {
        return switch (w) {
            case Tensor t -> of(t.dtype());
            case QuantizedMatrix c when c.hasActOrder() -> null;
            case QuantizedMatrix c -> c.blockType().map(PanelFormat::of).orElse(null);
        };
    }

    /// Whether quants are integers from 0 to 15.
    boolean isPlain4Bits() {
        return bits == 4 && codebook == null;
    }

    /// The name of this layout in persistent stores.
    String form() {
        return name() + "/" + LAYOUT;
    }

    /// Size of the quants of 16 rows and 32 columns, in bytes.
    public int blockBytes() {
        return 64 * bits;
    }

    /// Bytes from one panel to the next, whole cache lines.
    public long panelBytes(int cols) {
        long blocks = cols / BLOCK;
        long bytes = blocks * blockBytes() + blocks / scales.blocks * scales.sizeBytes;
        return Math.ceilDiv(bytes, LINE) * LINE;
    }

    /// Size of the whole matrix, in bytes.
    public long sizeBytes(Matrix w) {
        return Math.ceilDiv(w.rows(), ROWS) * panelBytes(w.cols());
    }

    /// The largest quant.
    int largest() {
        if (codebook == null) {
            return (1 << bits) - 1;
        }
        int largest = 0;
        for (int code = 0; code < codebook.size(); code++) {
            largest = Math.max(largest, codebook.value(code) + offset);
        }
        return largest;
    }

    /// The layout of activations for tiles of `tokens` tokens.
    public TileLayout tile(IsaLevel level, int tokens) {
        int halves = scales.halves();
        boolean isWinograd = isPlain4Bits() && WinogradDots.paysOff(level, tokens);
        int corrections = isWinograd || !scales.hasMin() ? halves : 0;
        return new TileLayout(tokens, corrections, scales.hasMin() ? halves : 0, level.isWide(), isWinograd);
    }

    /// Checks types and shapes before a matrix multiplication, since machine code would access memory out of bounds
    /// with others.
    public static final class ProductShapes {
        private ProductShapes() { }

        /// @throws IllegalArgumentException unless `y = x · wᵀ` has these shapes and x and y are F32
        public static void check(Tensor y, Tensor x, Matrix w) {
            if (x.dtype() != DType.F32 || y.dtype() != DType.F32 || y.rows() != x.rows() || y.cols() != w.rows()
                    || x.cols() != w.cols()) {
                throw new IllegalArgumentException("cannot multiply " + x + " and " + w + " in " + y);
            }
        }

        /// @throws IllegalArgumentException unless `dw += dyᵀ · x` has these shapes and all are F32
        public static void checkGradient(Tensor dw, Tensor dy, Tensor x) {
            if (dw.dtype() != DType.F32 || dy.dtype() != DType.F32 || x.dtype() != DType.F32 || dw.rows() != dy.cols()
                    || dw.cols() != x.cols() || dy.rows() != x.rows()) {
                throw new IllegalArgumentException("cannot compute the gradient of " + dy + " and " + x + " in " + dw);
            }
        }
    }
}
