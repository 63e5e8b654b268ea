package glia.tensor.format;

import glia.tensor.QuantizedMatrix;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix.Parts;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.util.Arrays;
import java.util.Objects;

/// Dequantizes rows of a `QuantizedMatrix` to F32; the definition of its values. Code values and zero points are exact;
/// their difference is rounded once, when it is multiplied by the scale. Not thread-safe.
public final class Dequantizer {
    private float[] scales = new float[0];
    private float[] zeros = new float[0];
    private float[] whole = new float[0];

    public Dequantizer() { }

    /// Decodes columns `col` to `col + count` of a row. Allocates nothing once scratch memory has grown.
    public void decode(QuantizedMatrix w, int row, int col, int count, float[] to, int offset) {
        Objects.checkIndex(row, w.rows());
        Objects.checkFromIndexSize(col, count, w.cols());
        Objects.checkFromIndexSize(offset, count, to.length);
        if (w.hasActOrder()) {
            actOrder(w, row, col, count, to, offset);
            return;
        }
        Parts p = w.parts();
        int stored = w.storedRow(row);
        values(p.code(), p.codes().address() + stored * p.codes().rowBytes(), col, count, to, offset);
        switch (w.grouping()) {
            case Grouping.Blocks b -> {
                int first = col / b.cols();
                int groups = count == 0 ? 0 : (col + count - 1) / b.cols() - first + 1;
                groups(p, stored / b.rows(), first, groups);
                for (int g = 0; g < groups; g++) {
                    int from = Math.max(col, (first + g) * b.cols());
                    int end = (int) Math.min(col + count, (first + g + 1L) * b.cols());
                    scale(to, offset + from - col, end - from, zeros[g], scales[g]);
                }
            }
            case Grouping.Columns c -> {
                groups(p, stored, 0, p.scales().cols());
                int[] group = c.groups();
                for (int k = 0; k < count; k++) {
                    int g = group[col + k];
                    to[offset + k] = (to[offset + k] - zeros[g]) * scales[g];
                }
            }
        }
    }

    /// Decodes the whole row in stored order, then picks the columns.
    private void actOrder(QuantizedMatrix w, int row, int col, int count, float[] to, int offset) {
        if (whole.length < w.cols()) {
            whole = new float[w.cols()];
        }
        decode(w.inStoredOrder(), row, 0, w.cols(), whole, 0);
        for (int place = 0; place < w.cols(); place++) {
            int k = w.column(place) - col;
            if (k >= 0 && k < count) {
                to[offset + k] = whole[place];
            }
        }
    }

    private static void scale(float[] to, int from, int count, float zero, float scale) {
        for (int k = from; k < from + count; k++) {
            to[k] = (to[k] - zero) * scale;
        }
    }

    /// Reads scales and zero points of `count` groups of a row of blocks (see `scales` and `zeros`).
    public void groups(Parts p, int blockRow, int first, int count) {
        if (scales.length < count) {
            scales = new float[count];
            zeros = new float[count];
        }
        long at = (long) blockRow * p.scales().cols() + first;
        scales(p, at, scales, count);
        if (p.zeros().isPresent()) {
            zeros(p.zeros().get(), at, zeros, count);
        } else {
            Arrays.fill(zeros, 0, count, 0);
        }
    }

    /// The scales read by `groups`, from index 0 on, valid until the next call of any method.
    public float[] scales() {
        return scales;
    }

    /// The zero points read by `groups`.
    public float[] zeros() {
        return zeros;
    }

    private static void scales(Parts p, long at, float[] to, int count) {
        DType type = p.scales().dtype();
        Decode.toFloats(type, p.scales().address() + type.bytes(at), to, 0, count);
        if (p.divisor() != 1) {
            for (int i = 0; i < count; i++) {
                to[i] /= p.divisor();
            }
        }
    }

    private static void zeros(Tensor zeros, long at, float[] to, int count) {
        DType type = zeros.dtype();
        if (type.isReal()) {
            Decode.toFloats(type, zeros.address() + type.bytes(at), to, 0, count);
            return;
        }
        for (int i = 0; i < count; i++) {
            long address = zeros.address() + at + i;
            to[i] = type == DType.I8 ? Memory.i8(address) : Memory.u8(address);
        }
    }

    /// Decodes the codes of a row without scales.
    private static void values(Code code, long row, int col, int count, float[] to, int offset) {
        switch (code) {
            case E4M3 -> Float8.decode(Float8.E4M3, row + col, to, offset, count);
            case E5M2 -> Float8.decode(Float8.E5M2, row + col, to, offset, count);
            case F16 -> Decode.toFloats(DType.F16, row + 2L * col, to, offset, count);
            case F32 -> Decode.toFloats(DType.F32, row + 4L * col, to, offset, count);
            case I8 -> {
                for (int k = 0; k < count; k++) {
                    to[offset + k] = Memory.i8(row + col + k);
                }
            }
            case U8 -> bytes(row + col, 0, count, to, offset);
            case OFFSET8 -> bytes(row + col, 128, count, to, offset);
            case E2M1, NF4, FP4, U4, OFFSET4, U2, TERNARY -> {
                int bits = code.bits();
                for (int k = 0; k < count; k++) {
                    long at = (long) bits * (col + k);
                    to[offset + k] = code.value(Memory.u8(row + (at >> 3)) >> (at & 7) & (1 << bits) - 1);
                }
            }
        }
    }

    private static void bytes(long at, int zero, int count, float[] to, int offset) {
        for (int k = 0; k < count; k++) {
            to[offset + k] = Memory.u8(at + k) - zero;
        }
    }
}
