package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.PANEL;
import static glia.tensor.kernel.vector.Simd.PANEL_BYTES;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.format.Decode;

/// Decodes a part of a panel, `rows` rows of up to `DEPTH` numbers of a weight of any type, to F32 with rows as
/// columns. One object serves one worker.
final class PanelDecoder {
    /// Numbers of a row that are decoded at a time: one large block. The panel's part then fits the first cache.
    static final int DEPTH = 256;

    private static final long PART = (long) DEPTH * PANEL_BYTES;

    private final Scratch scratch = new Scratch();
    private final float[] row = new float[DEPTH];

    /// Bytes that a decoded part takes.
    static long partBytes() {
        return PART;
    }

    /// @param from where the numbers of the first row begin
    /// @param count numbers of a row, up to `DEPTH`, whole blocks
    /// @param panel memory of `partBytes()`; columns from `rows` on keep what they held
    void decode(DType type, long from, long rowBytes, int rows, int count, long panel) {
        assert rows <= PANEL && count <= DEPTH;
        long words = scratch.reserve(2 * PART);
        long scales = words + PART;
        long minima = scales + DEPTH / 32 * PANEL_BYTES;
        long high = minima + DEPTH / 32 * PANEL_BYTES;
        int blocks = count / 32;
        switch (type) {
            case F32 -> Stage.floats(from, rowBytes, rows, count, panel);
            case F16, BF16 -> sixteenBits(type, from, rowBytes, rows, count, words, panel);
            case Q8_0 -> {
                Stage.halves(from, rowBytes, rows, 34, blocks, 0, scales);
                Stage.words(from, rowBytes, rows, 34, blocks, 2, 2, words);
                Panels32.q8p0(words, scales, blocks, panel);
            }
            case Q4_0 -> {
                Stage.halves(from, rowBytes, rows, 18, blocks, 0, scales);
                Stage.words(from, rowBytes, rows, 18, blocks, 2, 1, words);
                Panels32.q4(words, scales, 0, -8, blocks, panel);
            }
            case Q4_1 -> {
                Stage.halves(from, rowBytes, rows, 20, blocks, 0, scales);
                Stage.halves(from, rowBytes, rows, 20, blocks, 2, minima);
                Stage.words(from, rowBytes, rows, 20, blocks, 4, 1, words);
                Panels32.q4(words, scales, minima, 0, blocks, panel);
            }
            case Q5_0 -> {
                Stage.halves(from, rowBytes, rows, 22, blocks, 0, scales);
                Stage.integers(from, rowBytes, rows, 22, blocks, 2, high);
                Stage.words(from, rowBytes, rows, 22, blocks, 6, 1, words);
                Panels32.q5(words, high, scales, 0, -16, blocks, panel);
            }
            case Q5_1 -> {
                Stage.halves(from, rowBytes, rows, 24, blocks, 0, scales);
                Stage.halves(from, rowBytes, rows, 24, blocks, 2, minima);
                Stage.integers(from, rowBytes, rows, 24, blocks, 4, high);
                Stage.words(from, rowBytes, rows, 24, blocks, 8, 1, words);
                Panels32.q5(words, high, scales, minima, 0, blocks, panel);
            }
            case Q4_K -> {
                Stage.halves(from, rowBytes, rows, 144, 1, 0, scales);
                Stage.halves(from, rowBytes, rows, 144, 1, 2, minima);
                Stage.words(from, rowBytes, rows, 144, 1, 0, 9, words);
                Panels256.q4k(words, scales, minima, panel);
            }
            case Q5_K -> {
                Stage.halves(from, rowBytes, rows, 176, 1, 0, scales);
                Stage.halves(from, rowBytes, rows, 176, 1, 2, minima);
                Stage.words(from, rowBytes, rows, 176, 1, 0, 11, words);
                Panels256.q5k(words, scales, minima, panel);
            }
            case Q6_K -> {
                Stage.halves(from, rowBytes, rows, 210, 1, 208, scales);
                Stage.words(from, rowBytes, rows, 210, 1, 0, 13, words);
                Panels256.q6k(words, scales, panel);
            }
            default -> others(type, from, rowBytes, rows, count, panel);
        }
    }

    private static void sixteenBits(DType type, long from, long rowBytes, int rows, int count, long words, long panel) {
        int units = count / 8;
        Stage.words(from, rowBytes, rows, 0, 1, 0, units, words);
        if (type == DType.F16) {
            Panels32.f16(words, 4 * units, panel);
        } else {
            Panels32.bf16(words, 4 * units, panel);
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

    /// Types without a kernel of their own: the formats' definitions, a row at a time.
    private void others(DType type, long from, long rowBytes, int rows, int count, long panel) {
        for (int r = 0; r < rows; r++) {
            Decode.toFloats(type, from + r * rowBytes, row, 0, count);
            for (int k = 0; k < count; k++) {
                Memory.f32(panel + (long) k * PANEL_BYTES + 4L * r, row[k]);
            }
        }
    }

    /// Decodes rows without turning them: `rows` rows of `count` numbers to panels of `PANEL` columns,
    /// `partBytes()` apart, number k of row r at row r, column `k % PANEL` of panel `k / PANEL`.
    void decodeStraight(DType type, long from, long rowBytes, int rows, int count, long panels) {
        assert count <= DEPTH;
        for (int r = 0; r < rows; r++) {
            Decode.toFloats(type, from + r * rowBytes, row, 0, count);
            for (int k = 0; k < count; k += PANEL) {
                long to = panels + k / PANEL * PART + (long) r * PANEL_BYTES;
                Memory.store(row, k, to, Math.min(PANEL, count - k));
            }
        }
    }
}
