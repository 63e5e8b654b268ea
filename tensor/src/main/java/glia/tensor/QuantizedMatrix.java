package glia.tensor;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.Supplier;

/// A matrix `[R,K]` in one of the layouts that quantized checkpoints of the hub have: short codes in one tensor, scales
/// in another, sometimes zero points in a third. It stays packed: kernels decode rows as they pass (`Dequantizer` is
/// the definition). A number is
///
/// > w[r,k] = (value(code[r,k]) - zero[r,g]) · scale[r,g] / divisor
///
/// with g the group of column k, and zero 0 where the matrix has no zero points.
///
/// Where a quantization has sorted the columns, codes and groups lie in its order, and the matrix is *shuffled*:
/// products are best made `inStoredOrder`, with activations in the same order.
///
/// The tensors are asked for when a product first meets the matrix, so that whatever nobody multiplies with is not
/// read from the file.
public final class QuantizedMatrix implements Matrix {
    /// What a code stands for. Codes of four bits lie two a byte, the even column in the low half.
    public enum Code {
        /// A floating-point number of 8 bits.
        E4M3(8), E5M2(8),
        /// A whole number, in two's complement; from 0 on; from 0 on less 128.
        I8(8), U8(8), OFFSET8(8),
        /// One of 0, ½, 1, 1½, 2, 3, 4, 6 and their negatives.
        E2M1(4),
        /// A whole number from 0 on; from 0 on less 8.
        U4(4), OFFSET4(4);

        private final int bits;

        Code(int bits) {
            this.bits = bits;
        }

        public int bits() {
            return bits;
        }

        /// Bytes of a row of `cols` codes.
        public int rowBytes(int cols) {
            return bits == 8 ? cols : cols / 2 + cols % 2;
        }
    }

    /// Which numbers share a scale.
    public sealed interface Grouping {
        /// Blocks of `rows` by `cols`; those at the ends may be smaller.
        record Blocks(int rows, int cols) implements Grouping {
            public Blocks {
                if (rows < 1 || cols < 1) {
                    throw new IllegalArgumentException("blocks of " + rows + " by " + cols);
                }
            }
        }

        /// Of each row by itself, the columns with the same group.
        ///
        /// @param groups the group of each column
        record Columns(int[] groups) implements Grouping { }
    }

    /// The tensors, as they are decoded.
    ///
    /// @param codes bytes `[R, code.rowBytes(K)]` or with longer rows
    /// @param scales real numbers, a row for each block of rows, a column for each group
    /// @param zeros whole numbers, U8, I8 or of a real type, of the shape of the scales
    /// @param divisor what scales are divided by
    public record Parts(Code code, Tensor codes, Tensor scales, Optional<Tensor> zeros, float divisor) { }

    private static final int[] NOT_SHUFFLED = {};

    private final String format;
    private final int rows;
    private final int cols;
    private final int firstRow;
    private final int rowStep;
    private final Grouping grouping;
    private final long sizeBytes;
    private final Source source;
    /// The column of each stored place, or nothing where they are the same.
    private final int[] order;
    private final QuantizedMatrix inStoredOrder;

    /// The tensors once they have been asked for, and what is known of them then; views share it.
    private static final class Source {
        private final Supplier<Parts> make;
        private volatile Parts parts;
        private volatile Fit fit;

        Source(Supplier<Parts> make) {
            this.make = make;
        }
    }

    /// The block type that holds one version of the numbers.
    private record Fit(Optional<DType> blockType, long version) { }

    /// @param format the layout's name, for people
    /// @param sizeBytes of the stored tensors
    /// @param parts gives the tensors when they are first needed; it is asked once, and checks their shapes
    public QuantizedMatrix(
            String format, int rows, int cols, Grouping grouping, long sizeBytes, Supplier<Parts> parts) {
        this(format, rows, cols, 0, 1, grouping, sizeBytes, new Source(parts), NOT_SHUFFLED);
        if (grouping instanceof Grouping.Columns c && c.groups.length != cols) {
            throw new IllegalArgumentException(c.groups.length + " groups for " + cols + " columns");
        }
    }

    /// A shuffled matrix.
    ///
    /// @param order the column of each stored place: each column once
    public QuantizedMatrix(String format, int rows, int[] order, Grouping.Blocks grouping, long sizeBytes,
            Supplier<Parts> parts) {
        this(format, rows, order.length, 0, 1, grouping, sizeBytes, new Source(parts), order.clone());
        boolean[] seen = new boolean[order.length];
        for (int column : order) {
            if (column < 0 || column >= order.length || seen[column]) {
                throw new IllegalArgumentException("column " + column + " of " + order.length + " is no place of one");
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
        inStoredOrder = order == NOT_SHUFFLED ? this : new QuantizedMatrix(
                format, rows, cols, firstRow, rowStep, grouping, sizeBytes, source, NOT_SHUFFLED);
    }

    /// Whether columns lie in another order.
    public boolean hasActOrder() {
        return order != NOT_SHUFFLED;
    }

    /// Of a shuffled matrix the column that lies at a stored place.
    public int column(int place) {
        return order[place];
    }

    /// The matrix whose columns are in the order in which they lie: this one, or always the same other one.
    public QuantizedMatrix inStoredOrder() {
        return inStoredOrder;
    }

    /// Rows `from`, `from + step`, … of this matrix, `count` of them.
    public QuantizedMatrix rows(int from, int count, int step) {
        if (from < 0 || count < 0 || step < 1 || count > 0 && from + (count - 1L) * step >= rows) {
            throw new IndexOutOfBoundsException(count + " rows from " + from + " by " + step + " of " + this);
        }
        return new QuantizedMatrix(format, count, cols, firstRow + from * rowStep, step * rowStep, grouping,
                rows == 0 ? 0 : Math.round((double) sizeBytes * count / rows), source,
                order);
    }

    /// The layout's name, for people.
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

    /// The stored tensors, which are mapped or laid out anew at the first call.
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

    /// Whether the stored tensors have been asked for.
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

    /// The block format that holds the same numbers, if there is one; then products may round their activations, as
    /// they do with that format. Reads the scales.
    public Optional<DType> blockType() {
        Fit known = source.fit;
        if (known == null || known.version != version()) {
            // Finding it reads the parts, whose versions count from then on.
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
}
