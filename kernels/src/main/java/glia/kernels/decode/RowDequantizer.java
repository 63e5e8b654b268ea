package glia.kernels.decode;

import glia.kernels.code.IsaLevel;
import glia.kernels.tiled.Scratch;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix.Parts;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Memory;
import glia.tensor.format.Dequantizer;
import glia.tensor.format.MatrixReader;

/// Dequantizes rows of quantized matrices to F32: runs of whole groups by `DequantizeCode`, which takes the groups'
/// scales and zero points as F32, the rest by the definition. Not thread-safe.
final class RowDequantizer {
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
        DequantizeCode.of(level).decode(p.code(), to, codes, scales, zeros, numGroups, size);
        return numGroups * size;
    }
}
