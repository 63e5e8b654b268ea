package glia.tensor.format;

import glia.tensor.QuantizedMatrix;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;

/// Reads rows of any `Matrix` as F32, by the formats' definitions. Not thread-safe.
public final class MatrixReader {
    private final Dequantizer quantized = new Dequantizer();
    private float[] row = new float[0];

    public MatrixReader() { }

    /// Creates one reader for each of `count` workers.
    public static MatrixReader[] each(int count) {
        MatrixReader[] all = new MatrixReader[count];
        for (int i = 0; i < count; i++) {
            all[i] = new MatrixReader();
        }
        return all;
    }

    /// Reads columns `col` to `col + count` of a row.
    ///
    /// @param col the first column of a block
    /// @param count whole blocks
    public void read(Matrix w, int row, int col, int count, float[] to) {
        switch (w) {
            case Tensor t -> Decode.toFloats(
                    t.dtype(), t.address() + row * t.rowBytes() + t.dtype().bytes(col), to, 0, count);
            case QuantizedMatrix c -> quantized.decode(c, row, col, count, to, 0);
        }
    }

    /// Reads to memory, which is not checked.
    public void read(Matrix w, int row, int col, int count, long to) {
        if (this.row.length < count) {
            this.row = new float[count];
        }
        read(w, row, col, count, this.row);
        Memory.store(this.row, 0, to, count);
    }
}
