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
        int size = type.blockElements();
        int numBlocks = w.cols() / size;
        long at = to;
        for (int r = first; r < first + rows; r++) {
            int stored = w.storedRow(r);
            int blockRow = stored / b.rows();
            long codes = p.codes().address() + stored * p.codes().rowBytes();
            groups.groups(p, blockRow, 0, numGroups);
            for (int i = 0; i < numBlocks; i++, at += type.blockBytes()) {
                int g = size * i / b.cols();
                if (type == DType.MXFP4) {
                    Memory.i8(at, Memory.u8(p.scales().address() + (long) blockRow * p.scales().cols() + g));
                    nibbles(codes + SIZE / 2 * i, at + 1);
                } else if (type == DType.TQ2_0) {
                    pairs(codes + size / 4 * i, at);
                    Memory.f16(at + size / 4, groups.scales()[g]);
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

    /// Converts codes of 2 bits from neighbors in a byte to values j, j + 32, j + 64 and j + 96 in a byte.
    private static void pairs(long from, long to) {
        for (int j = 0; j < 2 * SIZE; j++) {
            int bits = 0;
            for (int l = 0; l < 4; l++) {
                int k = j / SIZE * 4 * SIZE + l * SIZE + j % SIZE;
                bits |= (Memory.u8(from + k / 4) >> k % 4 * 2 & 3) << 2 * l;
            }
            Memory.i8(to + j, bits);
        }
    }

    private static void bytes(long from, int flip, long to) {
        for (int j = 0; j < SIZE; j++) {
            Memory.i8(to + j, Memory.u8(from + j) ^ flip);
        }
    }
}
