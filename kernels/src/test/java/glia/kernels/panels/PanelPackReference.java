package glia.kernels.panels;

import static glia.kernels.panels.PanelFormat.BLOCK;
import static glia.kernels.panels.PanelFormat.ROWS;

import glia.kernels.panels.PackedWeights.PanelPacker;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.CodebookBlocks;

/// `PanelPack` in plain Java. It works on quads, four quants in an int.
final class PanelPackReference {
    private static final int NIBBLES = 0x0f0f0f0f;
    private static final int LOW_BITS = 0x01010101;
    private static final int PAIRS = 0x03030303;

    private final int[] quads = new int[8];

    /// Packs one panel.
    ///
    /// @param to `panelBytes` of memory; rows that w does not have become 0
    void pack(PanelFormat format, Tensor w, int panel, long to) {
        int first = panel * ROWS;
        int count = Math.min(ROWS, w.rows() - first);
        int blocks = w.cols() / BLOCK;
        if (count < ROWS) {
            Memory.ALL.asSlice(to, format.panelBytes(w.cols())).fill((byte) 0);
        }
        int perUnit = format.scales.blocks;
        if (CodebookBlocks.reads(format.type)) {
            // Checked by the values of its panels.
            new PanelPacker().pack(format, w.address() + first * w.rowBytes(), w.rowBytes(),
                    w.cols() / format.type.blockElements(), to, to + (long) blocks * format.blockBytes(), count);
            return;
        }
        long scales = to + (long) blocks * format.blockBytes();
        for (int r = 0; r < count; r++) {
            long row = w.address() + (first + r) * w.rowBytes();
            for (int unit = 0; unit < blocks / perUnit; unit++) {
                long from = row + (long) unit * format.type.blockBytes();
                for (int i = 0; i < perUnit; i++) {
                    quads(format, from, i);
                    place(format, to + (long) (unit * perUnit + i) * format.blockBytes() + 4 * r);
                }
                scales(format, from, scales + (long) unit * format.scales.sizeBytes, r);
            }
        }
    }

    /// Reads 32 quants.
    ///
    /// @param part which 32 of a superblock
    private void quads(PanelFormat format, long block, int part) {
        switch (format) {
            case Q8_0 -> {
                for (int i = 0; i < 8; i++) {
                    quads[i] = Memory.i32(block + 2 + 4 * i) ^ 0x80808080;
                }
            }
            case Q4_0 -> nibbles(block + 2);
            case Q4_1 -> nibbles(block + 4);
            case Q5_0 -> {
                nibbles(block + 6);
                fifthBits(Memory.i32(block + 2));
            }
            case Q5_1 -> {
                nibbles(block + 8);
                fifthBits(Memory.i32(block + 4));
            }
            case Q4_K -> halves(block + 16, part);
            case Q5_K -> {
                halves(block + 48, part);
                for (int i = 0; i < 8; i++) {
                    quads[i] |= (Memory.i32(block + 16 + 4 * i) >>> part & LOW_BITS) << 4;
                }
            }
            case MXFP4 -> nibbles(block + 1);
            case Q2_K -> pairs(block + 16, part);
            case Q3_K -> {
                pairs(block + 32, part);
                for (int i = 0; i < 8; i++) {
                    quads[i] |= (Memory.i32(block + 4 * i) >>> part & LOW_BITS) << 2;
                }
            }
            case Q6_K -> {
                int run = part % 4;
                long low = block + part / 4 * 64 + run % 2 * 32;
                long high = block + 128 + part / 4 * 32;
                for (int i = 0; i < 8; i++) {
                    quads[i] = Memory.i32(low + 4 * i) >>> run / 2 * 4 & NIBBLES
                            | (Memory.i32(high + 4 * i) >>> run * 2 & PAIRS) << 4;
                }
            }
            default -> throw new IllegalArgumentException(format.toString());
        }
    }

    /// 16 bytes with the first 16 numbers in their low halves, the others in their high halves.
    private void nibbles(long from) {
        for (int i = 0; i < 4; i++) {
            int pairs = Memory.i32(from + 4 * i);
            quads[i] = pairs & NIBBLES;
            quads[i + 4] = pairs >>> 4 & NIBBLES;
        }
    }

    /// Bytes of which 32 hold one part in their low halves and the next in their high halves.
    private void halves(long from, int part) {
        for (int i = 0; i < 8; i++) {
            quads[i] = Memory.i32(from + part / 2 * 32 + 4 * i) >>> part % 2 * 4 & NIBBLES;
        }
    }

    /// Bytes of which 32 hold four parts, two bits each.
    private void pairs(long from, int part) {
        for (int i = 0; i < 8; i++) {
            quads[i] = Memory.i32(from + part / 4 * 32 + 4 * i) >>> part % 4 * 2 & PAIRS;
        }
    }

    /// Adds bit k of `bits` to number k as its fifth.
    private void fifthBits(int bits) {
        for (int i = 0; i < 8; i++) {
            // The product copies bit j of the four to bit 8j, among others.
            quads[i] |= ((bits >>> 4 * i & 15) * 0x00204081 & LOW_BITS) << 4;
        }
    }

    /// Writes 32 quants of a row.
    ///
    /// @param to the row's first quad in the block
    private void place(PanelFormat format, long to) {
        if (format.bits == 8) {
            for (int i = 0; i < 8; i++) {
                Memory.i32(to + 64 * i, quads[i]);
            }
            return;
        }
        if (format.bits < 4) {
            placePairs(to, 0);
            if (format.bits == 3) {
                placeBits(to + 128, 2);
            }
            return;
        }
        for (int m = 0; m < 4; m++) {
            Memory.i32(to + 64 * m, quads[m] & NIBBLES | (quads[m + 4] & NIBBLES) << 4);
        }
        if (format.bits == 5) {
            placeBits(to + 256, 4);
        } else if (format.bits == 6) {
            placePairs(to + 256, 4);
        }
    }

    /// Writes one bit of each quant, in one lane.
    private void placeBits(long to, int bit) {
        int bits = 0;
        for (int i = 0; i < 8; i++) {
            bits |= (quads[i] >>> bit & LOW_BITS) << i;
        }
        Memory.i32(to, bits);
    }

    /// Writes two bits of each quant, in one lane for each half.
    private void placePairs(long to, int bit) {
        for (int half = 0; half < 2; half++) {
            int bits = 0;
            for (int i = 0; i < 4; i++) {
                bits |= (quads[4 * half + i] >>> bit & PAIRS) << 2 * i;
            }
            Memory.i32(to + 64 * half, bits);
        }
    }

    private static void scales(PanelFormat format, long block, long to, int row) {
        switch (format) {
            case Q8_0, Q4_0, Q5_0 -> half(block, to + 2 * row);
            case Q4_1, Q5_1 -> {
                half(block, to + 2 * row);
                half(block + 2, to + 32 + 2 * row);
            }
            case Q4_K, Q5_K -> {
                for (int i = 0; i < 8; i++) {
                    Memory.i8(to + 32 * i + row, scale(block + 4, i));
                    Memory.i8(to + 32 * i + 16 + row, min(block + 4, i));
                }
                half(block, to + 256 + 2 * row);
                half(block + 2, to + 288 + 2 * row);
            }
            case MXFP4 -> Memory.i8(to + row, Memory.i8(block));
            case Q2_K -> {
                for (int i = 0; i < 16; i++) {
                    long at = to + 64 * (i / 2) + 16 * (i % 2) + row;
                    Memory.i8(at, Memory.u8(block + i) & 15);
                    Memory.i8(at + 32, Memory.u8(block + i) >> 4);
                }
                half(block + 80, to + 512 + 2 * row);
                half(block + 82, to + 544 + 2 * row);
            }
            case Q3_K -> {
                for (int i = 0; i < 16; i++) {
                    int low = Memory.u8(block + 96 + i % 8) >> i / 8 * 4 & 15;
                    int high = Memory.u8(block + 104 + i % 4) >> i / 4 * 2 & 3;
                    Memory.i8(to + 16 * i + row, (low | high << 4) - 32);
                }
                half(block + 108, to + 256 + 2 * row);
            }
            case Q6_K -> {
                for (int i = 0; i < 16; i++) {
                    Memory.i8(to + 16 * i + row, Memory.i8(block + 192 + i));
                }
                half(block + 208, to + 256 + 2 * row);
            }
            default -> throw new IllegalArgumentException(format.toString());
        }
    }

    private static void half(long from, long to) {
        Memory.ALL.set(Memory.I16, to, Memory.ALL.get(Memory.I16, from));
    }

    /// The 6-bit scale of a part of a K-quant: of the first four in bytes 0 to 3; of the others the low four bits in
    /// bytes 8 to 11 and the high two on top of the first four.
    private static int scale(long scales, int part) {
        return part < 4 ? Memory.u8(scales + part) & 63
                : Memory.u8(scales + part + 4) & 15 | Memory.u8(scales + part - 4) >> 6 << 4;
    }

    /// The 6-bit minimum of a part: like the scale, from bytes 4 to 7 and the high halves of bytes 8 to 11.
    private static int min(long scales, int part) {
        return part < 4 ? Memory.u8(scales + part + 4) & 63
                : Memory.u8(scales + part + 4) >> 4 | Memory.u8(scales + part) >> 6 << 4;
    }
}
