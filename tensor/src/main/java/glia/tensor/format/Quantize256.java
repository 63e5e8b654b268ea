package glia.tensor.format;

import glia.tensor.Memory;

/// Quantizes to Q4_K and Q6_K. For each group it searches the scale (and minimum) with the least squared error: it
/// tries step sizes around the one that just spans the group, rounds the values and fits a line by least squares. Then
/// it rounds each scale to the best integer nearby, and the values again with the rounded scales.
final class Quantize256 {
    /// Candidates on each side of the step that spans a group, a fraction of an integer apart.
    private static final int CANDIDATES = 12;
    private static final float FRACTION = 0.12f;

    private Quantize256() { }

    /// The approximation of a group, `x ≈ scale · q + offset`.
    private record Fit(float scale, float offset, double error) { }

    static void q4k(float[] from, int start, int count, long address) {
        long block = address;
        for (int i = start; i < start + count; i += Blocks256.SIZE, block += 144) {
            float largestScale = 0;
            float largestMin = 0;
            Fit[] fits = new Fit[8];
            for (int group = 0; group < 8; group++) {
                fits[group] = affine(from, i + 32 * group);
                largestScale = Math.max(largestScale, fits[group].scale);
                largestMin = Math.max(largestMin, -fits[group].offset);
            }
            Memory.f16(block, largestScale / 63);
            Memory.f16(block + 2, largestMin / 63);
            float d = Memory.f16(block);
            float dmin = Memory.f16(block + 2);
            int[] scales = new int[8];
            int[] mins = new int[8];
            for (int group = 0; group < 8; group++) {
                int code = refine(from, i + 32 * group, fits[group], d, dmin);
                scales[group] = code & 63;
                mins[group] = code >> 6;
            }
            packScales(scales, mins, block + 4);
            packQ4k(from, i, scales, mins, block);
        }
    }

    /// Returns the 6-bit scale, and above it the 6-bit minimum, with the least error among the integers next to the
    /// fit.
    private static int refine(float[] from, int start, Fit fit, float d, float dmin) {
        int scale = nearest(fit.scale, d, 0, 63);
        int min = nearest(-fit.offset, dmin, 0, 63);
        int best = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int s = Math.max(0, scale - 1); s <= Math.min(63, scale + 1); s++) {
            for (int m = Math.max(0, min - 1); m <= Math.min(63, min + 1); m++) {
                double error = 0;
                for (int j = start; j < start + 32; j++) {
                    double x = (double) from[j] + dmin * m;
                    error += square(x - d * s * nearest(x, d * s, 0, 15));
                }
                if (error < least) {
                    least = error;
                    best = s | m << 6;
                }
            }
        }
        return best;
    }

    private static double square(double x) {
        return x * x;
    }

    /// Packs scales and minima as `Blocks256.scale4` and `min4` read them.
    private static void packScales(int[] scales, int[] mins, long address) {
        for (int g = 0; g < 4; g++) {
            Memory.i8(address + g, scales[g] | scales[g + 4] >> 4 << 6);
            Memory.i8(address + 4 + g, mins[g] | mins[g + 4] >> 4 << 6);
            Memory.i8(address + 8 + g, scales[g + 4] & 15 | (mins[g + 4] & 15) << 4);
        }
    }

    private static void packQ4k(float[] from, int start, int[] scales, int[] mins, long block) {
        float d = Memory.f16(block);
        float dmin = Memory.f16(block + 2);
        for (int group = 0; group < 8; group++) {
            float scale = d * scales[group];
            float min = dmin * mins[group];
            long bytes = block + 16 + group / 2 * 32;
            for (int j = 0; j < 32; j++) {
                int q = nearest(from[start + 32 * group + j] + min, scale, 0, 15);
                Memory.i8(bytes + j, group % 2 == 0 ? q : Memory.u8(bytes + j) | q << 4);
            }
        }
    }

    static void q6k(float[] from, int start, int count, long address) {
        long block = address;
        for (int i = start; i < start + count; i += Blocks256.SIZE, block += 210) {
            float[] scales = new float[16];
            float largest = 0;
            for (int group = 0; group < 16; group++) {
                scales[group] = linear(from, i + 16 * group);
                if (Math.abs(scales[group]) > Math.abs(largest)) {
                    largest = scales[group];
                }
            }
            // The largest becomes -128, since there is one more negative integer.
            Memory.f16(block + 208, largest / -128);
            float d = Memory.f16(block + 208);
            for (int group = 0; group < 16; group++) {
                Memory.i8(block + 192 + group, refine(from, i + 16 * group, scales[group], d));
            }
            packQ6k(from, i, block);
        }
    }

    /// Returns the 8-bit scale with the least error among the integers next to the fit.
    private static int refine(float[] from, int start, float fit, float d) {
        int scale = nearest(fit, d, -128, 127);
        int best = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int s = Math.max(-128, scale - 1); s <= Math.min(127, scale + 1); s++) {
            double error = 0;
            for (int j = start; j < start + 16; j++) {
                error += square(from[j] - d * s * nearest(from[j], d * s, -32, 31));
            }
            if (error < least) {
                least = error;
                best = s;
            }
        }
        return best;
    }

    private static void packQ6k(float[] from, int start, long block) {
        float d = Memory.f16(block + 208);
        int[] q = new int[Blocks256.SIZE];
        for (int j = 0; j < q.length; j++) {
            q[j] = nearest(from[start + j], d * Memory.i8(block + 192 + j / 16), -32, 31) + 32;
        }
        for (int half = 0; half < 2; half++) {
            for (int j = 0; j < 32; j++) {
                int at = 128 * half + j;
                long low = block + 64 * half + j;
                Memory.i8(low, q[at] & 15 | (q[at + 64] & 15) << 4);
                Memory.i8(low + 32, q[at + 32] & 15 | (q[at + 96] & 15) << 4);
                Memory.i8(block + 128 + 32 * half + j,
                        q[at] >> 4 | q[at + 32] >> 4 << 2 | q[at + 64] >> 4 << 4 | q[at + 96] >> 4 << 6);
            }
        }
    }

    /// The integer whose multiple of `scale` is nearest, halves up.
    private static int nearest(double x, float scale, int lowest, int highest) {
        return scale == 0 ? 0 : Math.clamp(Math.round(x / scale), lowest, highest);
    }

    /// The best fit of 32 values by integers 0 to 15 with a minimum that is not positive.
    private static Fit affine(float[] from, int start) {
        float low = 0;
        float high = Float.NEGATIVE_INFINITY;
        for (int j = start; j < start + 32; j++) {
            low = Math.min(low, from[j]);
            high = Math.max(high, from[j]);
        }
        if (high <= low) {
            return new Fit(0, low, 0);
        }
        Fit best = null;
        for (int c = -CANDIDATES; c <= CANDIDATES; c++) {
            Fit fit = fit(from, start, low, (high - low) / (15 + FRACTION * c));
            if (best == null || fit.error < best.error) {
                best = fit;
            }
        }
        return best;
    }

    /// Rounds 32 values with a step size and fits a line to the result.
    private static Fit fit(float[] from, int start, float low, float step) {
        double sumQ = 0;
        double sumQq = 0;
        double sumX = 0;
        double sumQx = 0;
        double sumXx = 0;
        for (int j = start; j < start + 32; j++) {
            double x = from[j];
            int q = nearest(from[j] - low, step, 0, 15);
            sumQ += q;
            sumQq += q * q;
            sumX += x;
            sumQx += q * x;
            sumXx += x * x;
        }
        double determinant = 32 * sumQq - sumQ * sumQ;
        double scale = determinant == 0 ? step : (32 * sumQx - sumQ * sumX) / determinant;
        double offset = (sumX - scale * sumQ) / 32;
        if (offset > 0) {
            offset = 0;
            scale = sumQq == 0 ? step : sumQx / sumQq;
        }
        double error = sumXx - 2 * scale * sumQx - 2 * offset * sumX
                + scale * scale * sumQq + 2 * scale * offset * sumQ + 32 * offset * offset;
        return new Fit((float) scale, (float) offset, error);
    }

    /// The scale of the best fit of 16 values by multiples from -32 to 31. Its sign makes the value of the largest
    /// magnitude negative.
    private static float linear(float[] from, int start) {
        float farthest = 0;
        for (int j = start; j < start + 16; j++) {
            farthest = Math.abs(from[j]) > Math.abs(farthest) ? from[j] : farthest;
        }
        double best = -1;
        double scale = 0;
        for (int c = -CANDIDATES; farthest != 0 && c <= CANDIDATES; c++) {
            float step = farthest / -(32 + FRACTION * c);
            double sumQq = 0;
            double sumQx = 0;
            for (int j = start; j < start + 16; j++) {
                int q = nearest(from[j], step, -32, 31);
                sumQq += q * q;
                sumQx += q * (double) from[j];
            }
            // The part of the sum of squares that these integers explain with their best scale.
            double explained = sumQq == 0 ? 0 : sumQx * sumQx / sumQq;
            if (explained > best) {
                best = explained;
                scale = sumQq == 0 ? step : sumQx / sumQq;
            }
        }
        return (float) scale;
    }
}
