package glia.kernels.decode;

import glia.kernels.code.IsaLevel;
import glia.kernels.tiled.Scratch;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix.Parts;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Dequantizer;
import glia.tensor.format.MatrixReader;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Decodes rows of a weight of any type to consecutive F32 rows, by `DecodeCode` if it supports the type, otherwise by
/// the formats' definitions.
public final class RowDecoder {
    private final IsaLevel level;
    private final float[][] rows;
    private final RowDequantizer[] quantized;

    public RowDecoder(Workers workers, IsaLevel level) {
        this.level = level;
        rows = new float[workers.count()][0];
        quantized = new RowDequantizer[workers.count()];
        for (int i = 0; i < quantized.length; i++) {
            quantized[i] = new RowDequantizer(level);
        }
    }

    /// Decodes columns `col` to `col + count`, whole blocks, of rows of any matrix.
    public void decode(Matrix w, int row, int numRows, int col, int count, long to, int worker) {
        switch (w) {
            case Tensor t -> decode(t.dtype(), t.address() + row * t.rowBytes() + t.dtype().bytes(col), t.rowBytes(),
                    numRows, count, to, worker);
            case QuantizedMatrix c -> {
                for (int r = 0; r < numRows; r++) {
                    quantized[worker].decode(c, row + r, col, count, to + 4L * r * count);
                }
            }
        }
    }

    /// @param from the address of the first row; rows are `rowBytes` apart
    /// @param count values of a row, whole blocks
    /// @param worker the thread, for its scratch memory
    public void decode(DType type, long from, long rowBytes, int numRows, int count, long to, int worker) {
        if (DecodeCode.supports(type)) {
            DecodeCode.CODES.of(level).decode(type, from, rowBytes, numRows, count, to);
            return;
        }
        if (rows[worker].length < count) {
            rows[worker] = new float[count];
        }
        float[] row = rows[worker];
        for (int r = 0; r < numRows; r++) {
            Decode.toFloats(type, from + r * rowBytes, row, 0, count);
            Memory.store(row, 0, to + 4L * r * count, count);
        }
    }

    /// Dequantizes rows of quantized matrices to F32: runs of whole groups by `DequantizeCode`, which takes the groups'
    /// scales and zero points as F32, the rest by the definition. Not thread-safe.
    static final class RowDequantizer {
        private final MatrixReader reader = new MatrixReader();
        private final Dequantizer groups = new Dequantizer();
        private final Scratch scratch = new Scratch();
        private final IsaLevel level;

        RowDequantizer(IsaLevel level) {
            this.level = level;
        }

        /// Decodes columns `col` to `col + count` of a row; checks the shapes.
        void decode(QuantizedMatrix w, int row, int col, int count, long to) {
            if (row < 0 || row >= w.rows() || col < 0 || count < 0 || col > w.cols() - count) {
                throw new IndexOutOfBoundsException("row " + row + ", columns " + col + " + " + count + " of " + w);
            }
            int done = w.grouping() instanceof Grouping.Blocks b && !w.hasActOrder()
                    ? byCode(w, b, row, col, count, to) : 0;
            if (done < count) {
                reader.read(w, row, col + done, count - done, to + 4L * done);
            }
        }

        /// Decodes as many leading columns as emitted code supports; returns their number.
        private int byCode(QuantizedMatrix w, Grouping.Blocks b, int row, int col, int count, long to) {
            Parts p = w.parts();
            int step = DequantizeCode.step(p.code());
            int first = col / b.cols();
            int numGroups;
            int size;
            if (count == 0 || (col + count - 1) / b.cols() == first) {
                numGroups = 1;
                size = count / step * step;
            } else if (col % b.cols() == 0 && b.cols() % step == 0) {
                numGroups = count / b.cols();
                size = b.cols();
            } else {
                return 0;
            }
            if (size == 0) {
                return 0;
            }
            int stored = w.storedRow(row);
            groups.groups(p, stored / b.rows(), first, numGroups);
            long scales = scratch.reserve(8L * numGroups);
            long zeros = scales + 4L * numGroups;
            Memory.store(groups.scales(), 0, scales, numGroups);
            Memory.store(groups.zeros(), 0, zeros, numGroups);
            long codes = p.codes().address() + stored * p.codes().rowBytes() + p.code().rowBytes(col);
            DequantizeCode.CODES.of(level).decode(p.code(), to, codes, scales, zeros, numGroups, size);
            return numGroups * size;
        }
    }

    /// Looks up rows of a table and decodes them. Each call checks that the ids name rows of the table and that y has
    /// room for the rows.
    public static final class Gather extends RangeTask {
        private final RowDecoder decoder;
        private Tensor y;
        private Matrix table;
        private int[] ids;

        public Gather(Workers workers, RowDecoder decoder) {
            super(workers);
            this.decoder = decoder;
        }

        /// Computes `y[n,:] = table[ids[n],:]` for the first `count` ids.
        public void run(Tensor y, Matrix table, int[] ids, int count) {
            if (y.dtype() != DType.F32 || y.cols() != table.cols() || y.rows() < count || ids.length < count) {
                throw new IllegalArgumentException(count + " of " + ids.length + " rows of " + table + " to " + y);
            }
            for (int n = 0; n < count; n++) {
                if (ids[n] < 0 || ids[n] >= table.rows()) {
                    throw new IllegalArgumentException("row " + ids[n] + " of " + table);
                }
            }
            this.y = y;
            this.table = table;
            this.ids = ids;
            distribute(count, 2L * table.cols());
        }

        @Override
        protected void range(int from, int to, int worker) {
            for (int n = from; n < to; n++) {
                decoder.decode(table, ids[n], 1, 0, table.cols(), y.address() + n * y.rowBytes(), worker);
            }
        }
    }
}
