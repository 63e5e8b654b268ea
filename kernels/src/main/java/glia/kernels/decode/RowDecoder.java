package glia.kernels.decode;

import glia.kernels.code.IsaLevel;
import glia.tensor.QuantizedMatrix;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
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
            DecodeCode.of(level).decode(type, from, rowBytes, numRows, count, to);
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
}
