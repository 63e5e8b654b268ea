package glia.tensor.kernel.emitted;

import glia.tensor.Memory;
import glia.tensor.Precision;

/// `TilePack` in plain Java, number by number.
final class TileTwin {
    private static final int BLOCK = Precision.BLOCK;
    private static final int MOST = Precision.STEPS * 256;

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
        for (int k = 0; k < cols; k += BLOCK) {
            long low = block + layout.blockBytes();
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
            block = low;
        }
        return block;
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
        int most = hasOutliers ? MOST : Precision.STEPS;
        scale = largest / most;
        for (int i = 0; i < BLOCK; i++) {
            // NaN becomes 0.
            int step = scale == 0 ? 0 : (int) Math.rint(Memory.f32(x + 4L * i) / scale);
            steps[i] = Math.clamp(step, -most, most);
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
            Memory.i8(block + layout.numbers(token) + i, high);
            sums[i / (BLOCK / 2)] += high;
            all[i / (BLOCK / 2)] += steps[i];
        }
        corrections(layout, offset, sums, block + layout.correction(0, token), 4L * layout.tokens());
        Memory.f32(block + layout.scale(token), hasOutliers ? scale * 256 : scale);
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
        corrections(layout, offset, sums, term + layout.lowCorrection(0), 4);
        Memory.f32(term + layout.lowScale(), scale);
        Memory.i32(term + layout.lowPlace(), 64 * token);
    }

    private static void corrections(TileLayout layout, int offset, int[] sums, long to, long apart) {
        switch (layout.corrections()) {
            case 1 -> Memory.i32(to, -offset * (sums[0] + sums[1]));
            case 2 -> {
                Memory.i32(to, -offset * sums[0]);
                Memory.i32(to + apart, -offset * sums[1]);
            }
            default -> { }
        }
    }
}
