package glia.tensor.kernel.emitted;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.format.Decode;
import glia.tensor.kernel.Workers;

/// Decodes rows of a weight of any type to F32, one behind the other: by `DecodeCode`, or where that has none for the
/// type by the formats' definitions.
final class RowDecoder {
    private final float[][] rows;

    RowDecoder(Workers workers) {
        rows = new float[workers.count()][0];
    }

    /// @param from where the numbers of the first row begin; rows are `rowBytes` apart
    /// @param count numbers of a row, whole blocks
    /// @param worker the thread, for memory of its own
    void decode(DType type, long from, long rowBytes, int numRows, int count, long to, int worker) {
        if (DecodeCode.serves(type)) {
            for (int r = 0; r < numRows; r++) {
                DecodeCode.decode(type, from + r * rowBytes, to + 4L * r * count, count);
            }
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
