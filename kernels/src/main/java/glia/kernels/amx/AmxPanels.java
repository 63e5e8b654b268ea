package glia.kernels.amx;

import glia.kernels.code.IsaLevel;
import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.Tiles.Panels;
import glia.kernels.tiled.Scratch;
import glia.kernels.tiles.EmittedTiles;
import glia.kernels.tiles.Bf16x3Code;
import glia.kernels.tiles.TransposeCode;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Packs B for `AmxCode`: `[panel of 32 columns][step][term][16 pairs of rows][32 columns]`. Rows beyond the depth are
/// 0; columns beyond the last are undefined.
final class AmxPanels implements Panels {
    /// Values of a row that are transposed together; whole blocks of every format.
    private static final int PIECE = 256;
    /// Columns that are packed together from rows of B; whole blocks, too.
    private static final int STRIP = 256;

    private final int terms;
    private final RowDecoder decoder;
    private final Scratch[] scratch;
    private final Transposed transposed;
    private final Straight straight;
    private Matrix source;
    private int firstRow;
    private int firstCol;
    private int depth;
    private int cols;
    private long to;
    private volatile boolean outside;

    /// @param terms 1 or 3, of each value
    AmxPanels(Workers workers, RowDecoder decoder, int terms) {
        this.decoder = decoder;
        this.terms = terms;
        scratch = Scratch.each(workers.count());
        transposed = new Transposed(workers);
        straight = new Straight(workers);
    }

    @Override
    public long sizeBytes(int cols, int depth) {
        return Math.ceilDiv(cols, AmxCode.COLS) * panelBytes(depth);
    }

    private long panelBytes(int depth) {
        return (long) Math.ceilDiv(depth, AmxCode.DEPTH) * stepBytes();
    }

    private int stepBytes() {
        return AmxCode.of(terms).stepBytes();
    }

    @Override
    public void transposed(Tensor w, long to) {
        transposed(w, 0, w.rows(), 0, w.cols(), to);
    }

    /// Packs the B whose columns are rows of w.
    ///
    /// @param col the first column of w, the first of a block
    /// @return whether all values fit (`Bf16x3Code`)
    boolean transposed(Matrix w, int row, int rows, int col, int depth, long to) {
        source = w;
        firstRow = row;
        cols = rows;
        firstCol = col;
        this.depth = depth;
        this.to = to;
        outside = false;
        transposed.pack();
        source = null;
        return !outside;
    }

    /// Packs the B whose rows are rows of b.
    ///
    /// @param col the first column of b, the first of a block
    /// @return whether all values fit (`Bf16x3Code`)
    boolean straight(Matrix b, int row, int depth, int col, int cols, long to) {
        source = b;
        firstRow = row;
        this.depth = depth;
        firstCol = col;
        this.cols = cols;
        this.to = to;
        outside = false;
        straight.pack();
        source = null;
        return !outside;
    }

    /// The address of columns `col` to `col + count` of rows as F32.
    ///
    /// @param memory scratch memory for values that must be decoded
    private long numbers(int row, int rows, int col, int count, long memory, int worker) {
        if (source instanceof Tensor t && t.dtype() == DType.F32) {
            return t.address() + row * t.rowBytes() + 4L * col;
        }
        decoder.decode(source, row, rows, col, count, memory, worker);
        return memory;
    }

    private long rowBytes(int count) {
        return source instanceof Tensor t && t.dtype() == DType.F32 ? t.rowBytes() : 4L * count;
    }

    /// Converts sixteen pairs of F32 rows to terms, for each 32 columns in the order of a step.
    ///
    /// @param rows rows that exist; the others up to 32 are zeros
    /// @param toStep bytes from 32 columns to the next
    static boolean pairs(Bf16x3Code code, long numbers, long rowBytes, int rows, int cols, long to, long toStep) {
        boolean fits = true;
        for (int p = 0; p < AmxCode.PAIRS; p++) {
            long even = 2 * p < rows ? numbers + 2 * p * rowBytes : EmittedTiles.ZERO.address();
            long odd = 2 * p + 1 < rows ? numbers + (2 * p + 1) * rowBytes : EmittedTiles.ZERO.address();
            fits &= code.rowsTogether(to + (long) p * AmxCode.B_ROW_BYTES, even, odd, cols, toStep);
        }
        return fits;
    }

    private final class Transposed extends RangeTask {
        Transposed(Workers workers) {
            super(workers);
        }

        void pack() {
            distribute(depth == 0 ? 0 : Math.ceilDiv(cols, AmxCode.COLS), (long) AmxCode.COLS * depth);
        }

        @Override
        protected void range(int from, int end, int worker) {
            long decoded = scratch[worker].reserve(2L * AmxCode.B_ROW_BYTES * PIECE);
            long panel = decoded + (long) AmxCode.B_ROW_BYTES * PIECE;
            boolean fits = true;
            for (int i = from; i < end; i++) {
                int row = i * AmxCode.COLS;
                int rows = Math.min(AmxCode.COLS, cols - row);
                long at = to + i * panelBytes(depth);
                for (int k = 0; k < depth; k += PIECE) {
                    int count = Math.min(PIECE, depth - k);
                    transpose(firstRow + row, rows, firstCol + k, count, decoded, panel, worker);
                    for (int s = 0; s < count; s += AmxCode.DEPTH) {
                        long numbers = panel + (long) s * AmxCode.B_ROW_BYTES;
                        fits &= Bf16x3Code.of(terms).together(at, numbers, numbers + AmxCode.B_ROW_BYTES, AmxCode.PAIRS,
                                AmxCode.B_ROW_BYTES, 2L * AmxCode.B_ROW_BYTES);
                        at += stepBytes();
                    }
                }
            }
            if (!fits) {
                outside = true;
            }
        }

        /// Transposes rows to F32 columns, padded with zeros to a whole step.
        private void transpose(int row, int rows, int col, int count, long decoded, long panel, int worker) {
            long numbers = numbers(row, rows, col, count, decoded, worker);
            long rowBytes = rowBytes(count);
            int each = TransposeCode.rows(IsaLevel.AMX);
            int kept = rows > each ? count : 0;
            for (int k = kept; k < count || k % AmxCode.DEPTH != 0; k++) {
                EmittedTiles.zero(panel + (long) k * AmxCode.B_ROW_BYTES, AmxCode.COLS);
            }
            for (int r = 0; r < rows; r += each) {
                TransposeCode.of(IsaLevel.AMX, 2).transpose(Math.min(each, rows - r), panel + 4L * r,
                        numbers + r * rowBytes,
                        rowBytes, count);
            }
        }
    }

    private final class Straight extends RangeTask {
        private int strips;

        Straight(Workers workers) {
            super(workers);
        }

        void pack() {
            strips = Math.ceilDiv(cols, STRIP);
            distribute(Math.ceilDiv(depth, AmxCode.DEPTH) * strips, (long) AmxCode.DEPTH * STRIP);
        }

        @Override
        protected void range(int from, int end, int worker) {
            long decoded = scratch[worker].reserve(4L * AmxCode.DEPTH * STRIP);
            boolean fits = true;
            for (int unit = from; unit < end; unit++) {
                int step = unit / strips;
                int row = step * AmxCode.DEPTH;
                int rows = Math.min(AmxCode.DEPTH, depth - row);
                int col = unit % strips * STRIP;
                int count = Math.min(STRIP, cols - col);
                long numbers = numbers(firstRow + row, rows, firstCol + col, count, decoded, worker);
                fits &= pairs(Bf16x3Code.of(terms), numbers, rowBytes(count), rows, count,
                        to + col / AmxCode.COLS * panelBytes(depth) + (long) step * stepBytes(),
                        panelBytes(depth));
            }
            if (!fits) {
                outside = true;
            }
        }
    }
}
