package glia.tensor.format;

import glia.tensor.QuantizedMatrix;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix.Parts;
import glia.tensor.DType;
import glia.tensor.Memory;

/// Converts rows of a quantized matrix to the block format that represents the same values
/// (`QuantizedMatrix.blockType`; see `Blocks32`). Not thread-safe.
public final class BlockConverter {
    private static final int SIZE = Blocks32.SIZE;

    private final Dequantizer groups = new Dequantizer();

    public BlockConverter() { }

    /// Writes `rows` consecutive rows from row `first` on.
    ///
    /// @param type the matrix's block type
    public void write(QuantizedMatrix w, DType type, int first, int rows, long to) {
        Grouping.Blocks b = (Grouping.Blocks) w.grouping();
        Parts p = w.parts();
        int numGroups = Math.ceilDiv(w.cols(), b.cols());
        int numBlocks = w.cols() / SIZE;
        long at = to;
        for (int r = first; r < first + rows; r++) {
            int stored = w.storedRow(r);
            int blockRow = stored / b.rows();
            long codes = p.codes().address() + stored * p.codes().rowBytes();
            groups.groups(p, blockRow, 0, numGroups);
            for (int i = 0; i < numBlocks; i++, at += type.blockBytes()) {
                int g = SIZE * i / b.cols();
                if (type == DType.MXFP4) {
                    Memory.i8(at, Memory.u8(p.scales().address() + (long) blockRow * p.scales().cols() + g));
                    nibbles(codes + SIZE / 2 * i, at + 1);
                } else {
                    Memory.f16(at, groups.scales()[g]);
                    if (type == DType.Q4_0) {
                        nibbles(codes + SIZE / 2 * i, at + 2);
                    } else {
                        bytes(codes + SIZE * i, p.code() == Code.OFFSET8 ? 0x80 : 0, at + 2);
                    }
                }
            }
        }
    }

    /// Converts nibbles from neighbors in a byte to values j and j + 16 in a byte.
    private static void nibbles(long from, long to) {
        for (int j = 0; j < SIZE / 4; j++) {
            int low = Memory.u8(from + j);
            int high = Memory.u8(from + SIZE / 4 + j);
            Memory.i8(to + 2 * j, low & 15 | high << 4);
            Memory.i8(to + 2 * j + 1, low >> 4 | high & 0xf0);
        }
    }

    private static void bytes(long from, int flip, long to) {
        for (int j = 0; j < SIZE; j++) {
            Memory.i8(to + j, Memory.u8(from + j) ^ flip);
        }
    }
}
