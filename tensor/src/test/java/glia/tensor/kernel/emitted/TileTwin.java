package glia.tensor.kernel.emitted;

import glia.tensor.Memory;
import glia.tensor.Precision;

/// `TilePack` in plain Java, number by number.
final class TileTwin {
    private static final int BLOCK = Precision.BLOCK;

    private final int[] steps = new int[BLOCK];
    private float scale;
    private boolean hasOutliers;

    /// @param offset of the weights' quants
    /// @param x the first token's row, F32
    /// @param rowBytes from one token to the next
    /// @param cols a multiple of 32
    /// @param to memory of `layout.mostBytes(cols)`
    /// @return where the tile ends
    long pack(TileLayout layout, int offset, long x, long rowBytes, int cols, long to) {
        long block = to;
        long low = to + layout.lowTerms(cols / BLOCK, 0);
        for (int k = 0; k < cols; k += BLOCK) {
            Memory.i32(block + layout.low(), (int) (low - block));
            int numLow = 0;
            for (int t = 0; t < layout.tokens(); t++) {
                round(x + t * rowBytes + 4L * k);
                high(layout, offset, block, t);
                if (hasOutliers) {
                    low(layout, offset, low, t);
                    low += layout.lowBytes();
                    numLow++;
                }
            }
            Memory.i32(block + layout.count(), numLow);
            block += layout.blockBytes();
        }
        return low;
    }

    /// `steps = round(x / scale)`, at most 127 or, with outliers, 127 · 256.
    private void round(long x) {
        float largest = 0;
        double squares = 0;
        for (int i = 0; i < BLOCK; i++) {
            float number = Memory.f32(x + 4L * i);
            largest = Math.max(largest, Math.abs(number));
            squares += (double) number * number;
        }
        hasOutliers = (double) largest * largest * BLOCK > Precision.OUTLIER * Precision.OUTLIER * squares;
        scale = Precision.scale(largest, hasOutliers);
        for (int i = 0; i < BLOCK; i++) {
            float step = Memory.f32(x + 4L * i) * (1 / scale);
            steps[i] = Float.isNaN(step) ? Integer.MIN_VALUE : (int) Math.rint(step);
        }
    }

    private int high(int i) {
        return hasOutliers ? steps[i] + 128 >> 8 : steps[i];
    }

    private void high(TileLayout layout, int offset, long block, int token) {
        int[] sums = new int[2];
        int[] all = new int[2];
        for (int i = 0; i < BLOCK; i++) {
            int high = high(i);
            // What no number is rounded to is cut off by wide vectors and stops at the least byte with others.
            Memory.i8(block + layout.numbers(token) + i, layout.isWide() ? high : Math.max(high, Byte.MIN_VALUE));
            sums[i / (BLOCK / 2)] += high;
            all[i / (BLOCK / 2)] += steps[i];
        }
        float s = hasOutliers ? scale * 256 : scale;
        int middle = layout.isWide() ? middle(s) : 0;
        for (int half = 0; half < layout.starts(); half++) {
            Memory.i32(block + layout.start(half, token), middle + correction(layout, offset, sums, half));
        }
        if (layout.isWide()) {
            Memory.i32(block + layout.scale(token), middle);
            Memory.i32(block + layout.half(token), Float.floatToRawIntBits(s) >> 16 & 64);
        } else {
            Memory.f32(block + layout.scale(token), s);
        }
        switch (layout.sums()) {
            case 1 -> Memory.f32(block + layout.sum(0, token), scale * (all[0] + all[1]));
            case 2 -> {
                Memory.f32(block + layout.sum(0, token), scale * all[0]);
                Memory.f32(block + layout.sum(1, token), scale * all[1]);
            }
            default -> { }
        }
    }

    private void low(TileLayout layout, int offset, long term, int token) {
        int[] sums = new int[2];
        for (int i = 0; i < BLOCK; i++) {
            int low = steps[i] - 256 * high(i);
            Memory.i8(term + i, low);
            sums[i / (BLOCK / 2)] += low;
        }
        for (int half = 0; half < layout.corrections(); half++) {
            Memory.i32(term + layout.lowCorrection(half), correction(layout, offset, sums, half));
        }
        Memory.f32(term + layout.lowScale(), scale);
        Memory.i32(term + layout.lowPlace(), 64 * token);
    }

    /// The bits of `1.5 · 2^(23+e)`.
    private static int middle(float s) {
        return Float.floatToIntBits(Float.isNaN(s) ? s : (float) Math.scalb(1.5, 23 + Math.getExponent(s)));
    }

    private static int correction(TileLayout layout, int offset, int[] sums, int half) {
        return switch (layout.corrections()) {
            case 1 -> -offset * (sums[0] + sums[1]);
            case 2 -> -offset * sums[half];
            default -> 0;
        };
    }
}
