package glia.kernels.vector;

import static glia.kernels.vector.Simd.PANEL;
import static glia.kernels.vector.Simd.PANEL_BYTES;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.format.Decode;
import glia.kernels.tiled.Scratch;

/// Decodes a part of a panel, `rows` rows of up to `DEPTH` values of a weight of any type, to F32 with rows as columns.
/// Not thread-safe.
final class PanelDecoder {
    /// Values of a row that are decoded at a time: one large block. The panel's part then fits the L1 cache.
    static final int DEPTH = 256;

    private static final long PART = (long) DEPTH * PANEL_BYTES;

    /// Groups of values with their own scale in a part.
    private static final int GROUPS = DEPTH / 16;

    private final Scratch scratch = new Scratch();
    private final float[] row = new float[DEPTH];
    private long words;
    private long scales;
    private long minima;
    private long tops;
    private long bytes;

    /// @param from the address of the first row
    /// @param count values of a row, up to `DEPTH`, whole blocks
    /// @param panel `DEPTH` rows; columns from `rows` on are not changed
    void decode(DType type, long from, long rowBytes, int rows, int count, long panel) {
        assert rows <= PANEL && count <= DEPTH;
        words = scratch.reserve(PART + (4 * GROUPS + 64) * PANEL_BYTES);
        scales = words + PART;
        minima = scales + GROUPS * PANEL_BYTES;
        tops = minima + GROUPS * PANEL_BYTES;
        bytes = tops + 2 * GROUPS * PANEL_BYTES;
        switch (type) {
            case F32 -> Stage.floats(from, rowBytes, rows, count, panel);
            case F16, BF16 -> sixteenBits(type, from, rowBytes, rows, count, words, panel);
            case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 -> blocksOf32(type, from, rowBytes, rows, count / 32, panel);
            case Q4_K -> q4k(from, rowBytes, rows, panel);
            case Q5_K -> q5k(from, rowBytes, rows, panel);
            case Q6_K -> q6k(from, rowBytes, rows, panel);
            default -> others(type, from, rowBytes, rows, count, panel);
        }
    }

    private void blocksOf32(DType type, long from, long rowBytes, int rows, int blocks, long panel) {
        int size = type.blockBytes();
        boolean five = type == DType.Q5_0 || type == DType.Q5_1;
        boolean minimum = type == DType.Q4_1 || type == DType.Q5_1;
        int head = minimum ? 4 : 2;
        int units = type == DType.Q8_0 ? 2 : 1;
        Stage.integers(from, rowBytes, rows, size, blocks, 0, words);
        Unpack.halves(words, blocks, 16, scales, PANEL_BYTES);
        if (minimum) {
            Unpack.halves(words, blocks, 0, minima, PANEL_BYTES);
        } else {
            Unpack.scaled(scales, type == DType.Q8_0 ? -128 : five ? -16 : -8, blocks, minima);
        }
        if (five) {
            Stage.integers(from, rowBytes, rows, size, blocks, head, tops);
        }
        for (int i = 0; i < units; i++) {
            long unit = from + (five ? head + 4 : head) + 16 * i;
            Stage.words(unit, rowBytes, rows, size, blocks, words + 4L * i * PANEL_BYTES, 4 * units);
        }
        for (int i = 0; i < blocks; i++) {
            long row = (long) i * PANEL_BYTES;
            long w = words + 4 * units * row;
            long to = panel + 32 * row;
            if (type == DType.Q8_0) {
                Unpack.bytes(w, 8, 0x80808080, scales + row, minima + row, to);
            } else if (five) {
                BitUnpack.fifthBits(w, tops + row, bytes);
                Unpack.bytes(bytes, 8, 0, scales + row, minima + row, to);
            } else {
                Unpack.nibbles(w, 4, scales + row, minima + row, scales + row, minima + row, to, to + 16 * PANEL_BYTES);
            }
        }
    }

    private void q4k(long from, long rowBytes, int rows, long panel) {
        Stage.words(from, rowBytes, rows, 16, 9, words, 4);
        groupScales();
        for (int i = 0; i < 4; i++) {
            long scale = scales + 2L * i * PANEL_BYTES;
            long minimum = minima + 2L * i * PANEL_BYTES;
            long to = panel + 64L * i * PANEL_BYTES;
            Unpack.nibbles(words + (4L + 8 * i) * PANEL_BYTES, 8, scale, minimum,
                    scale + PANEL_BYTES, minimum + PANEL_BYTES, to, to + 32 * PANEL_BYTES);
        }
    }

    private void q5k(long from, long rowBytes, int rows, long panel) {
        Stage.words(from, rowBytes, rows, 16, 11, words, 4);
        groupScales();
        for (int group = 0; group < 8; group++) {
            long row = (long) group * PANEL_BYTES;
            if (group % 2 == 0) {
                BitUnpack.fifthBitsOfGroups(words + 12 * PANEL_BYTES + 4 * row, words + 4 * PANEL_BYTES, group, bytes);
            }
            Unpack.bytes(bytes + group % 2 * 8 * PANEL_BYTES, 8, 0, scales + row, minima + row, panel + 32 * row);
        }
    }

    /// Computes scales and minima of the eight groups of Q4_K and Q5_K from words 1 to 3, times d and -dmin, the halves
    /// of word 0.
    private void groupScales() {
        long factors = tops;
        Unpack.halves(words, 1, 16, factors, 0);
        Unpack.halves(words, 1, 0, factors + PANEL_BYTES, 0);
        Unpack.scaled(factors + PANEL_BYTES, -1, 1, factors + PANEL_BYTES);
        BitUnpack.sixBitScales(words + PANEL_BYTES, bytes, bytes + 2 * PANEL_BYTES);
        Unpack.signedBytes(bytes, 2, factors, scales);
        Unpack.signedBytes(bytes + 2 * PANEL_BYTES, 2, factors + PANEL_BYTES, minima);
    }

    private void q6k(long from, long rowBytes, int rows, long panel) {
        Stage.words(from, rowBytes, rows, 16, 13, words, 4);
        Stage.integers(from, rowBytes, rows, 210, 1, 206, bytes);
        Unpack.halves(bytes, 1, 0, tops, 0);
        Unpack.signedBytes(words + 48 * PANEL_BYTES, 4, tops, scales);
        Unpack.scaled(scales, -32, 16, minima);
        BitUnpack.sixthBits(words, words + 32 * PANEL_BYTES, bytes);
        BitUnpack.sixthBits(words + 16 * PANEL_BYTES, words + 40 * PANEL_BYTES, bytes + 32 * PANEL_BYTES);
        for (int group = 0; group < 16; group++) {
            long row = (long) group * PANEL_BYTES;
            Unpack.bytes(bytes + 4 * row, 4, 0, scales + row, minima + row, panel + 16 * row);
        }
    }

    private static void sixteenBits(DType type, long from, long rowBytes, int rows, int count, long words, long panel) {
        int units = count / 8;
        Stage.words(from, rowBytes, rows, 16, units, words, 4);
        if (type == DType.F16) {
            Unpack.halves(words, 4 * units, 16, panel, 2 * PANEL_BYTES);
            Unpack.halves(words, 4 * units, 0, panel + PANEL_BYTES, 2 * PANEL_BYTES);
        } else {
            Unpack.brains(words, 4 * units, panel);
        }
        for (int r = 0; r < rows; r++) {
            for (int k = 8 * units; k < count; k++) {
                long at = from + r * rowBytes + 2L * k;
                int bits = Memory.ALL.get(Memory.I16, at);
                float v = type == DType.F16 ? Float.float16ToFloat((short) bits) : Float.intBitsToFloat(bits << 16);
                Memory.f32(panel + (long) k * PANEL_BYTES + 4L * r, v);
            }
        }
    }

    /// Decodes types without a kernel of their own, by the formats' definitions, a row at a time.
    private void others(DType type, long from, long rowBytes, int rows, int count, long panel) {
        for (int r = 0; r < rows; r++) {
            Decode.toFloats(type, from + r * rowBytes, row, 0, count);
            for (int k = 0; k < count; k++) {
                Memory.f32(panel + (long) k * PANEL_BYTES + 4L * r, row[k]);
            }
        }
    }

    /// Decodes rows without transposing them: `rows` rows of `count` values to panels of `PANEL` columns, `partBytes`
    /// apart, value k of row r at row r, column `k % PANEL` of panel `k / PANEL`.
    void decodeStraight(DType type, long from, long rowBytes, int rows, int count, long panels, long partBytes) {
        assert count <= DEPTH;
        for (int r = 0; r < rows; r++) {
            Decode.toFloats(type, from + r * rowBytes, row, 0, count);
            for (int k = 0; k < count; k += PANEL) {
                long to = panels + k / PANEL * partBytes + (long) r * PANEL_BYTES;
                Memory.store(row, k, to, Math.min(PANEL, count - k));
            }
        }
    }

    /// Decodes rows to consecutive rows, without transposing them.
    void decodeRows(DType type, long from, long rowBytes, int rows, int count, long to) {
        int part = DEPTH / type.blockElements() * type.blockElements();
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < count; k += part) {
                int size = Math.min(part, count - k);
                Decode.toFloats(type, from + r * rowBytes + type.bytes(k), row, 0, size);
                Memory.store(row, 0, to + 4L * ((long) r * count + k), size);
            }
        }
    }
}
