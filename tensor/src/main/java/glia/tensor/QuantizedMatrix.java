package glia.tensor;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/// A matrix `[R,K]` in a layout of quantized Hugging Face checkpoints (GPTQ, AWQ, FP8, MXFP4…): short codes in one
/// tensor, scales in another, and for some layouts zero points in a third. It stays packed; kernels dequantize rows as
/// they read them (`Dequantizer` is the definition). A value is
///
/// > w[r,k] = (value(code[r,k]) - zero[r,g]) · scale[r,g] / divisor
///
/// where g is the group of column k; zero is 0 for matrices without zero points.
///
/// Where the quantizer reordered the columns (GPTQ's *activation order*, `desc_act`), codes and groups are stored in
/// its order. Multiply such a matrix as `inStoredOrder`, with activations in the same order.
///
/// The tensors are read when a matrix multiplication first uses the matrix, so unused matrices are never read from the
/// file.
public final class QuantizedMatrix implements Matrix {
    /// The data type of codes. Short codes are stored several a byte, the first column in the lowest bits.
    public enum Code {
        /// 8-bit floating-point numbers.
        E4M3(8), E5M2(8),
        /// 8-bit integers: two's complement; unsigned; unsigned with offset 128.
        I8(8), U8(8), OFFSET8(8),
        /// 4-bit floating-point numbers: 0, ½, 1, 1½, 2, 3, 4, 6 and their negatives.
        E2M1(4, 0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6),
        /// 4-bit numbers of bitsandbytes: quantiles of a normal distribution (https://arxiv.org/abs/2305.14314), and
        /// floating-point numbers.
        NF4(4, -1, -0.6961928f, -0.52507305f, -0.39491749f, -0.28444138f, -0.18477343f, -0.091050036f, 0, 0.0795803f,
                0.1609302f, 0.2461123f, 0.33791524f, 0.44070983f, 0.562617f, 0.72295684f, 1),
        FP4(4, 0, 0.0052083335f, 0.6666667f, 1, 0.33333334f, 0.5f, 0.16666667f, 0.25f,
                0, -0.0052083335f, -0.6666667f, -1, -0.33333334f, -0.5f, -0.16666667f, -0.25f),
        /// 4-bit integers: unsigned; unsigned with offset 8.
        U4(4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        OFFSET4(4, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7),
        /// 2-bit integers: unsigned; with offset 1, the weights of BitNet, whose activations are 8-bit integers with a
        /// scale for each token.
        U2(2, 0, 1, 2, 3), TERNARY(2, -1, 0, 1, 2),
        /// Values of layouts that no code expresses.
        F16(16), F32(32);

        private final int bits;
        private final float[] values;

        Code(int bits, float... values) {
            this.bits = bits;
            this.values = values;
        }

        public int bits() {
            return bits;
        }

        /// Size of a row of `cols` codes, in bytes.
        public int rowBytes(int cols) {
            return Math.toIntExact(((long) cols * bits + 7) / 8);
        }

        /// The value of a code of less than 8 bits.
        public float value(int code) {
            return values[code];
        }
    }

    /// Which values share a scale.
    public sealed interface Grouping {
        /// Blocks of `rows` by `cols`; those at the edges may be smaller.
        record Blocks(int rows, int cols) implements Grouping {
            public Blocks {
                if (rows < 1 || cols < 1) {
                    throw new IllegalArgumentException("blocks of " + rows + " by " + cols);
                }
            }
        }

        /// Groups within a row: the columns with the same group number.
        ///
        /// @param groups the group of each column
        record Columns(int[] groups) implements Grouping { }
    }

    /// The stored tensors.
    ///
    /// @param codes bytes `[R, code.rowBytes(K)]`, or with longer rows
    /// @param scales real numbers, a row for each block of rows, a column for each group
    /// @param zeros integers, U8, I8 or of a real type, of the shape of the scales
    /// @param divisor the divisor of the scales
    public record Parts(Code code, Tensor codes, Tensor scales, Optional<Tensor> zeros, float divisor) { }

    private static final int[] SAME_ORDER = {};

    private final String format;
    private final int rows;
    private final int cols;
    private final int firstRow;
    private final int rowStep;
    private final Grouping grouping;
    private final long sizeBytes;
    private final Source source;
    /// The column at each stored position; empty where the order is the same.
    private final int[] order;
    private final QuantizedMatrix inStoredOrder;

    /// The tensors once they have been read, and the facts derived from them; shared by views.
    private static final class Source {
        private final Supplier<Parts> make;
        private volatile Parts parts;
        private volatile Fit fit;

        Source(Supplier<Parts> make) {
            this.make = make;
        }
    }

    /// The block type that fits one version of the values.
    private record Fit(Optional<DType> blockType, long version) { }

    /// @param format the layout's name, for messages
    /// @param sizeBytes the size of the stored tensors
    /// @param parts returns the tensors at their first use; it is called once and checks their shapes
    public QuantizedMatrix(
            String format, int rows, int cols, Grouping grouping, long sizeBytes, Supplier<Parts> parts) {
        this(format, rows, cols, 0, 1, grouping, sizeBytes, new Source(parts), SAME_ORDER);
        if (grouping instanceof Grouping.Columns c && c.groups.length != cols) {
            throw new IllegalArgumentException(c.groups.length + " groups for " + cols + " columns");
        }
    }

    /// Creates a matrix with reordered columns (activation order).
    ///
    /// @param order the column at each stored position, each column once
    public QuantizedMatrix(String format, int rows, int[] order, Grouping.Blocks grouping, long sizeBytes,
            Supplier<Parts> parts) {
        this(format, rows, order.length, 0, 1, grouping, sizeBytes, new Source(parts), order.clone());
        boolean[] seen = new boolean[order.length];
        for (int column : order) {
            if (column < 0 || column >= order.length || seen[column]) {
                throw new IllegalArgumentException(
                        "the order must hold each of " + order.length + " columns once; found " + column);
            }
            seen[column] = true;
        }
    }

    private QuantizedMatrix(String format, int rows, int cols, int firstRow, int rowStep, Grouping grouping,
            long sizeBytes, Source source, int[] order) {
        this.format = format;
        this.rows = rows;
        this.cols = cols;
        this.firstRow = firstRow;
        this.rowStep = rowStep;
        this.grouping = grouping;
        this.sizeBytes = sizeBytes;
        this.source = source;
        this.order = order;
        inStoredOrder = order == SAME_ORDER ? this : new QuantizedMatrix(
                format, rows, cols, firstRow, rowStep, grouping, sizeBytes, source, SAME_ORDER);
    }

    /// Whether columns are stored in activation order.
    public boolean hasActOrder() {
        return order != SAME_ORDER;
    }

    /// The column at a stored position of a reordered matrix.
    public int column(int place) {
        return order[place];
    }

    /// The matrix whose columns are in the stored order: this one, or always the same other one.
    public QuantizedMatrix inStoredOrder() {
        return inStoredOrder;
    }

    /// Returns a view of rows `from`, `from + step`, …, `count` of them.
    public QuantizedMatrix rows(int from, int count, int step) {
        if (from < 0 || count < 0 || step < 1 || count > 0 && from + (count - 1L) * step >= rows) {
            throw new IndexOutOfBoundsException(count + " rows from " + from + " by " + step + " of " + this);
        }
        return new QuantizedMatrix(format, count, cols, firstRow + from * rowStep, step * rowStep, grouping,
                rows == 0 ? 0 : Math.round((double) sizeBytes * count / rows), source,
                order);
    }

    /// Returns columns `from` (inclusive) to `to` (exclusive), with copies of their codes and scales that are made at
    /// first use.
    ///
    /// @throws IllegalArgumentException if columns are stored in activation order, or these begin within a block or a
    ///     byte
    public QuantizedMatrix columns(int from, int to) {
        Objects.checkFromToIndex(from, to, cols);
        if (hasActOrder()) {
            throw new IllegalArgumentException(this + " stores its columns in activation order (desc_act), so some of "
                    + "them cannot be cut out; take a checkpoint without it");
        }
        Grouping ofPart = grouping;
        int firstGroup = 0;
        switch (grouping) {
            case Grouping.Blocks b -> {
                if (from % Math.min(b.cols, cols) != 0) {
                    throw new IllegalArgumentException("columns " + from + ".." + to + " of " + this
                            + " begin within a block; expected a multiple of " + b.cols);
                }
                firstGroup = from / b.cols;
            }
            case Grouping.Columns c -> ofPart = new Grouping.Columns(Arrays.copyOfRange(c.groups, from, to));
        }
        int skipped = firstGroup;
        int numGroups = grouping instanceof Grouping.Blocks b ? Math.ceilDiv(to - from, b.cols) : 0;
        return new QuantizedMatrix(format, rows, to - from, firstRow, rowStep, ofPart,
                cols == 0 ? 0 : Math.round((double) sizeBytes * (to - from) / cols), new Source(() -> {
                    Parts p = parts();
                    int start = p.code.rowBytes(from);
                    if ((long) from * p.code.bits % 8 != 0) {
                        throw new IllegalArgumentException("column " + from + " of " + this + " begins within a byte");
                    }
                    UnaryOperator<Tensor> part = t -> numGroups == 0 ? t
                            : t.columns(Arena.ofAuto(), skipped, skipped + numGroups);
                    return new Parts(p.code, p.codes.columns(Arena.ofAuto(), start,
                            start + p.code.rowBytes(to - from)), part.apply(p.scales), p.zeros.map(z ->
                            part.apply(z.reshape(p.scales.rows(), p.scales.cols()))), p.divisor);
                }), SAME_ORDER);
    }

    /// The layout's name, for messages.
    public String format() {
        return format;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int cols() {
        return cols;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    public Grouping grouping() {
        return grouping;
    }

    /// The row of the stored tensors that holds row `row`.
    public int storedRow(int row) {
        return firstRow + row * rowStep;
    }

    /// Returns the stored tensors; the first call maps or repacks them.
    public Parts parts() {
        Parts known = source.parts;
        if (known == null) {
            synchronized (source) {
                known = source.parts;
                if (known == null) {
                    known = check(source.make.get());
                    source.parts = known;
                }
            }
        }
        return known;
    }

    /// Whether the stored tensors have been read.
    public boolean isRead() {
        return source.parts != null;
    }

    private Parts check(Parts p) {
        if (p.codes.cols() < p.code.rowBytes(cols) || p.codes.dtype().blockBytes() != 1) {
            throw new IllegalArgumentException(p.codes + " holds no rows of " + cols + " codes " + p.code);
        }
        int blockRows = grouping instanceof Grouping.Blocks b ? b.rows : 1;
        int groups = switch (grouping) {
            case Grouping.Blocks b -> Math.ceilDiv(cols, b.cols);
            case Grouping.Columns c -> 1 + Arrays.stream(c.groups).max().orElse(-1);
        };
        int least = Math.ceilDiv(p.codes.rows(), blockRows);
        if (p.scales.rows() < least || p.scales.cols() < groups || !p.scales.dtype().isReal()) {
            throw new IllegalArgumentException(p.scales + " holds no scales of " + least + " by " + groups + " groups");
        }
        p.zeros.ifPresent(z -> {
            boolean whole = z.dtype() == DType.U8 || z.dtype() == DType.I8 || z.dtype().isReal();
            if (!whole || z.size() != p.scales.size()) {
                throw new IllegalArgumentException(z + " holds no zero points beside the scales " + p.scales);
            }
        });
        return p;
    }

    /// Returns the block format that represents the same values, if there is one. Matrix multiplications may then
    /// quantize their activations, as with that format. Reads the scales.
    public Optional<DType> blockType() {
        Fit known = source.fit;
        if (known == null || known.version != version()) {
            // Finding it reads the parts; their versions count from then on.
            Optional<DType> found = BlockFit.find(this);
            known = new Fit(found, version());
            source.fit = known;
        }
        return known.blockType;
    }

    /// The sum of the parts' versions, once they are read.
    @Override
    public long version() {
        Parts p = source.parts;
        return p == null ? 0 : p.codes.version() + p.scales.version()
                + (p.zeros.isPresent() ? p.zeros.get().version() : 0);
    }

    @Override
    public boolean isQuantized() {
        return blockType().isPresent();
    }

    @Override
    public String toString() {
        return format + "[" + rows + ", " + cols + "]";
    }

    /// Finds the GGUF block format that represents a quantized matrix without loss: the same
    /// code values, and scales that fit the format's own scale type.
    static final class BlockFit {
        private static final int BLOCK = 32;
        private static final int SUPERBLOCK = 256;

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
                case TERNARY -> w.cols() % SUPERBLOCK == 0 && (b.cols() % SUPERBLOCK == 0 || b.cols() >= w.cols())
                        && halves(p.scales()) ? Optional.of(DType.TQ2_0) : Optional.empty();
                case E4M3, E5M2, U8, U4, U2, NF4, FP4, F16, F32 -> Optional.empty();
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
                float s = type == DType.F32 ? Memory.f32(at)
                        : Float.intBitsToFloat(Memory.ALL.get(Memory.I16, at) << 16);
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
}
