package glia.kernels.emitted;

import glia.kernels.panels.TileLayout;
import glia.tensor.Memory;
import glia.tensor.Precision;

/// `TilePack` in plain Java, value by value.
public final class TileReference {
    private static final int BLOCK = Precision.BLOCK;

    private final int[] steps = new int[BLOCK];
    private float scale;
    private boolean hasOutliers;

    /// @param offset of the weights' quants
    /// @param x the first token's row, F32
    /// @param rowBytes bytes from one token to the next
    /// @param cols a multiple of 32
    /// @param to memory of `layout.maxBytes(cols)`
    /// @return the end of the tile
    public long pack(TileLayout layout, int offset, long x, long rowBytes, int cols, long to) {
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

    /// `steps = round(x / scale)`, at most 120 or, with outliers, 120 · 128.
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
        return hasOutliers ? steps[i] + 64 >> 7 : steps[i];
    }

    private void high(TileLayout layout, int offset, long block, int token) {
        int[] numbers = new int[BLOCK];
        int[] all = new int[2];
        for (int i = 0; i < BLOCK; i++) {
            numbers[i] = high(i);
            all[i / (BLOCK / 2)] += steps[i];
        }
        int[] starts = {layout.start(0, token), layout.start(1, token)};
        write(layout, offset, numbers, hasOutliers ? scale * 128 : scale, block + layout.numbers(token), block, starts,
                layout.scale(token), layout.half(token));
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
        int[] numbers = new int[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            numbers[i] = steps[i] - 128 * high(i);
        }
        int[] starts = {layout.lowStart(0), layout.lowStart(1)};
        write(layout, offset, numbers, scale, term, term, starts, layout.lowScale(), layout.lowHalf());
        Memory.i32(term + layout.lowPlace(), 64 * token);
    }

    /// Writes values to `to`, and the sums that the micro-kernel needs from `at` on.
    private static void write(TileLayout layout, int offset, int[] numbers, float s, long to, long at, int[] starts,
            int scalePlace, int halfPlace) {
        for (int i = 0; i < BLOCK; i++) {
            // Values that cannot occur are truncated by wide vectors and saturate with others.
            int shift = layout.isWinograd() && i % 16 < 8 ? i < BLOCK / 2 ? -8 : 120 : 0;
            Memory.i8(to + i, shift + (layout.isWide() ? numbers[i] : Math.max(numbers[i], Byte.MIN_VALUE)));
        }
        int middle = layout.isWide() ? middle(s) : 0;
        for (int half = 0; half < layout.starts(); half++) {
            Memory.i32(at + starts[half], middle + correction(layout, offset, numbers, half));
        }
        if (layout.isWide()) {
            Memory.i32(at + scalePlace, middle);
            Memory.i32(at + halfPlace, Float.floatToRawIntBits(s) >> 16 & 64);
        } else {
            Memory.f32(at + scalePlace, s);
        }
    }

    /// The bits of `1.5 · 2^(23+e)`.
    private static int middle(float s) {
        return Float.floatToIntBits(Float.isNaN(s) ? s : (float) Math.scalb(1.5, 23 + Math.getExponent(s)));
    }

    private static int winograd(int[] numbers, int offset) {
        int sum = 0;
        for (int i = 0; i < BLOCK / 2; i++) {
            int first = numbers[i];
            int second = numbers[i + BLOCK / 2];
            sum -= offset * (first + second);
            if (i < 8) {
                sum += 8 * (first + second) - first * (second + 128);
            }
        }
        return sum;
    }

    private static int correction(TileLayout layout, int offset, int[] numbers, int half) {
        if (layout.isWinograd()) {
            return winograd(numbers, offset);
        }
        int[] sums = new int[2];
        for (int i = 0; i < BLOCK; i++) {
            sums[i / (BLOCK / 2)] += numbers[i];
        }
        return switch (layout.corrections()) {
            case 1 -> -offset * (sums[0] + sums[1]);
            case 2 -> -offset * sums[half];
            default -> 0;
        };
    }
}
