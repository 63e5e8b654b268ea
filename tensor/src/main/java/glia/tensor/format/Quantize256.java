package glia.tensor.format;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.format.ScaleSearch.Grid;

/// Quantizes to the K-quants with the published search of scales and minima ([ScaleSearch]). With importance, each
/// group then gets the integer scale (and minimum) next to the rounded one that has the least error with the rounded
/// scales of the block; without, it keeps the rounded ones, as in ggml.
///
/// Errors are weighted: without importance by the values' magnitudes as in ggml, with it by `importance · √(2 σ² + x²)`
/// (σ² for Q2_K), where σ² is the mean square of the block.
///
/// @see <a href="https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c">ggml: `quantize_row_q4_K_ref`,
///     `quantize_row_q4_K_impl` and so on</a>
final class Quantize256 {
    private static final int SIZE = Blocks256.SIZE;
    private static final Grid WITH_IMPORTANCE = new Grid(-0.9f, 0.05f, 36, false, true);

    /// A format with minima: `d · sc · q - dmin · mn`.
    ///
    /// @param groupSize values of a group
    /// @param most the largest q
    /// @param mostScale the largest sc and mn
    /// @param grid the search without importance
    private enum Affine {
        Q2_K(16, 3, 15, new Grid(-0.5f, 0.1f, 15, true, false)),
        Q4_K(32, 15, 63, new Grid(-1, 0.1f, 20, false, false)),
        Q5_K(32, 31, 63, new Grid(-0.5f, 0.1f, 15, false, false));

        private final int groupSize;
        private final int most;
        private final int mostScale;
        private final Grid grid;

        Affine(int groupSize, int most, int mostScale, Grid grid) {
            this.groupSize = groupSize;
            this.most = most;
            this.mostScale = mostScale;
            this.grid = grid;
        }
    }

    private final ScaleSearch search = new ScaleSearch();
    private final float[] weights = new float[SIZE];
    private final float[] scales = new float[16];
    private final float[] mins = new float[16];
    private final float[] groupWeights = new float[16];
    private final int[] scaleCodes = new int[16];
    private final int[] minCodes = new int[16];
    private final int[] q = new int[SIZE];

    /// @param importance the weight of each value, or null
    void q2k(float[] from, int start, int count, float[] importance, long address) {
        long block = address;
        for (int i = start; i < start + count; i += SIZE, block += 84) {
            affine(Affine.Q2_K, from, i, importance, i - start, block + 80);
            Pack256.q2k(q, scaleCodes, minCodes, block);
        }
    }

    void q4k(float[] from, int start, int count, float[] importance, long address) {
        long block = address;
        for (int i = start; i < start + count; i += SIZE, block += 144) {
            affine(Affine.Q4_K, from, i, importance, i - start, block);
            Pack256.scales(scaleCodes, minCodes, block + 4);
            Pack256.nibbles(q, block + 16);
        }
    }

    void q5k(float[] from, int start, int count, float[] importance, long address) {
        long block = address;
        for (int i = start; i < start + count; i += SIZE, block += 176) {
            affine(Affine.Q5_K, from, i, importance, i - start, block);
            Pack256.scales(scaleCodes, minCodes, block + 4);
            Pack256.fifthBits(q, block + 16);
            Pack256.nibbles(q, block + 48);
        }
    }

    void q3k(float[] from, int start, int count, float[] importance, long address) {
        long block = address;
        for (int i = start; i < start + count; i += SIZE, block += 110) {
            signed(from, i, 4, 32, importance, i - start, block + 108);
            Pack256.q3k(q, scaleCodes, block);
        }
    }

    void q6k(float[] from, int start, int count, float[] importance, long address) {
        long block = address;
        for (int i = start; i < start + count; i += SIZE, block += 210) {
            signed(from, i, 32, 128, importance, i - start, block + 208);
            Pack256.q6k(q, scaleCodes, block);
        }
    }

    /// Quantizes a block with minima. Writes d and dmin, two F16, and leaves the rest in `scaleCodes`, `minCodes`, `q`.
    private void affine(Affine format, float[] x, int at, float[] importance, int column, long scalesAt) {
        int size = format.groupSize;
        int groups = SIZE / size;
        weigh(format, x, at, importance, column);
        for (int g = 0; g < groups; g++) {
            search.affine(x, at + g * size, size, format.most, weights, g * size,
                    importance == null ? format.grid : WITH_IMPORTANCE);
            scales[g] = search.scale();
            mins[g] = search.min();
        }
        float commonScale = common(scales, groups, format.mostScale, importance != null);
        float commonMin = common(mins, groups, format.mostScale, importance != null);
        Memory.f16(scalesAt, commonScale);
        Memory.f16(scalesAt + 2, commonMin);
        float d = Memory.f16(scalesAt);
        float dmin = Memory.f16(scalesAt + 2);
        for (int g = 0; g < groups; g++) {
            scaleCodes[g] = ScaleSearch.nearest(scales[g] * ScaleSearch.inverse(commonScale), 0, format.mostScale);
            minCodes[g] = ScaleSearch.nearest(mins[g] * ScaleSearch.inverse(commonMin), 0, format.mostScale);
            if (importance != null) {
                choose(format, x, at + g * size, g, d, dmin);
            }
            float scale = d * scaleCodes[g];
            float inverse = ScaleSearch.inverse(scale);
            float min = dmin * minCodes[g];
            for (int j = g * size; j < (g + 1) * size; j++) {
                q[j] = ScaleSearch.nearest((x[at + j] + min) * inverse, 0, format.most);
            }
        }
    }

    private void weigh(Affine format, float[] x, int at, float[] importance, int column) {
        if (importance != null) {
            byImportance(x, at, importance, column, format == Affine.Q2_K ? 1 : 2, format.groupSize);
            return;
        }
        for (int from = 0; from < SIZE; from += format.groupSize) {
            double squares = 0;
            for (int j = from; j < from + format.groupSize; j++) {
                squares += (double) x[at + j] * x[at + j];
            }
            float mean = format == Affine.Q2_K ? 0 : (float) Math.sqrt(squares / format.groupSize);
            for (int j = from; j < from + format.groupSize; j++) {
                weights[j] = mean + Math.abs(x[at + j]);
            }
        }
    }

    private void byImportance(float[] x, int at, float[] importance, int column, int factor, int groupSize) {
        double squares = 0;
        for (int j = 0; j < SIZE; j++) {
            squares += (double) x[at + j] * x[at + j];
        }
        float mean = (float) (factor * squares / SIZE);
        for (int g = 0; g < SIZE / groupSize; g++) {
            double sum = 0;
            for (int j = g * groupSize; j < (g + 1) * groupSize; j++) {
                weights[j] = importance[column + j] * (float) Math.sqrt(mean + x[at + j] * x[at + j]);
                sum += weights[j];
            }
            groupWeights[g] = (float) sum;
        }
    }

    /// The scale of the groups' scales or minima, none of which is negative.
    private float common(float[] values, int groups, int most, boolean weighted) {
        if (weighted) {
            return search.positive(values, groups, most, groupWeights);
        }
        float largest = 0;
        for (int g = 0; g < groups; g++) {
            largest = Math.max(largest, values[g]);
        }
        return largest / most;
    }

    /// Chooses the integer scale and minimum of a group among those next to the rounded ones.
    private void choose(Affine format, float[] x, int from, int g, float d, float dmin) {
        int scale = scaleCodes[g];
        int min = minCodes[g];
        double least = Double.POSITIVE_INFINITY;
        for (int s = Math.max(0, scale - 1); s <= Math.min(format.mostScale, scale + 1); s++) {
            for (int m = Math.max(0, min - 1); m <= Math.min(format.mostScale, min + 1); m++) {
                double error = error(x, from, format.groupSize, g * format.groupSize, d * s, dmin * m, 0, format.most);
                if (error < least) {
                    least = error;
                    scaleCodes[g] = s;
                    minCodes[g] = m;
                }
            }
        }
    }

    /// The weighted error of a group with its nearest integers.
    private double error(float[] x, int from, int count, int wFrom, float scale, float min, int lowest, int highest) {
        float inverse = ScaleSearch.inverse(scale);
        double sum = 0;
        for (int j = 0; j < count; j++) {
            float value = x[from + j] + min;
            float difference = value - scale * ScaleSearch.nearest(value * inverse, lowest, highest);
            sum += weights[wFrom + j] * difference * difference;
        }
        return sum;
    }

    /// Quantizes a block of 16 groups without minima. Writes d, an F16, and leaves the rest in `scaleCodes` and `q`.
    ///
    /// @param most q is from `-most` to `most - 1`
    /// @param mostScale the same for scales
    private void signed(float[] x, int at, int most, int mostScale, float[] importance, int column, long scaleAt) {
        if (importance != null) {
            byImportance(x, at, importance, column, 2, 16);
        } else {
            for (int j = 0; j < SIZE; j++) {
                weights[j] = x[at + j] * x[at + j];
            }
        }
        float farthest = 0;
        for (int g = 0; g < 16; g++) {
            scales[g] = importance == null && most == 4 ? search.descent(x, at + 16 * g, 16, most, weights, 16 * g)
                    : search.signed(x, at + 16 * g, 16, most, weights, 16 * g, importance != null);
            farthest = Math.abs(scales[g]) > Math.abs(farthest) ? scales[g] : farthest;
        }
        float common = importance == null ? farthest / -mostScale
                : search.signed(scales, 0, 16, mostScale, groupWeights, 0, true);
        Memory.f16(scaleAt, common);
        float d = Memory.f16(scaleAt);
        for (int g = 0; g < 16; g++) {
            scaleCodes[g] = ScaleSearch.nearest(scales[g] * ScaleSearch.inverse(common), -mostScale, mostScale - 1);
            if (importance != null) {
                choose(x, at, most, mostScale, g, d);
            }
            float inverse = ScaleSearch.inverse(d * scaleCodes[g]);
            for (int j = 16 * g; j < 16 * g + 16; j++) {
                q[j] = ScaleSearch.nearest(x[at + j] * inverse, -most, most - 1) + most;
            }
        }
    }

    /// Chooses the integer scale of a group among those next to the rounded one.
    private void choose(float[] x, int at, int most, int mostScale, int g, float d) {
        int scale = scaleCodes[g];
        double least = Double.POSITIVE_INFINITY;
        for (int s = Math.max(-mostScale, scale - 1); s <= Math.min(mostScale - 1, scale + 1); s++) {
            double error = error(x, at + 16 * g, 16, 16 * g, d * s, 0, -most, most - 1);
            if (error < least) {
                least = error;
                scaleCodes[g] = s;
            }
        }
    }

    /// TQ2_0 and TQ1_0: -1, 0 or 1 times the largest magnitude of a block.
    static void ternary(DType type, float[] from, int start, int count, long address) {
        long block = address;
        int[] q = new int[SIZE];
        for (int i = start; i < start + count; i += SIZE, block += type.blockBytes()) {
            float most = 0;
            for (int j = 0; j < SIZE; j++) {
                most = Math.max(most, Math.abs(from[i + j]));
            }
            for (int j = 0; j < SIZE; j++) {
                float x = most == 0 ? 0 : from[i + j] * (1 / most);
                q[j] = x >= 0.5f ? 2 : x <= -0.5f ? 0 : 1;
            }
            Pack256.ternary(type == DType.TQ2_0, q, block);
            Memory.f16(block + type.blockBytes() - 2, most);
        }
    }

    /// Packs integers of K-quants as [Blocks256] reads them. A block is written completely; q are 256 values that are
    /// not negative.
    static final class Pack256 {
        /// Values that share a byte of TQ2_0 and TQ1_0 lie this far apart.
        private static final int[][] RUNS = {{0, 32, 4}, {128, 32, 4}};
        private static final int[][] DIGITS = {{0, 32, 5}, {160, 16, 5}, {240, 4, 4}};

        private Pack256() { }

        /// Bytes of four codes of two bits, or of up to five digits of base 3, which are stored as a fraction of 256.
        static void ternary(boolean isTq2, int[] q, long block) {
            long at = block;
            for (int[] run : isTq2 ? RUNS : DIGITS) {
                for (int j = 0; j < run[1]; j++, at++) {
                    int byteValue = 0;
                    for (int n = 0; n < 5; n++) {
                        int digit = n < run[2] ? q[run[0] + n * run[1] + j] : 0;
                        byteValue = isTq2 ? byteValue | digit << 2 * n : 3 * byteValue + digit;
                    }
                    Memory.i8(at, isTq2 ? byteValue : (256 * byteValue + 242) / 243);
                }
            }
        }

        /// Q2_K without d and dmin.
        static void q2k(int[] q, int[] scales, int[] mins, long block) {
            for (int group = 0; group < 16; group++) {
                Memory.i8(block + group, scales[group] | mins[group] << 4);
            }
            twoBits(q, block + 16);
        }

        /// Q3_K without d.
        ///
        /// @param scales from -32 to 31
        static void q3k(int[] q, int[] scales, long block) {
            for (int j = 0; j < 32; j++) {
                int bits = 0;
                for (int run = 0; run < 8; run++) {
                    bits |= (q[32 * run + j] >> 2) << run;
                }
                Memory.i8(block + j, bits);
            }
            twoBits(q, block + 32);
            for (int j = 0; j < 8; j++) {
                Memory.i8(block + 96 + j, scales[j] + 32 & 15 | (scales[j + 8] + 32 & 15) << 4);
            }
            for (int j = 0; j < 4; j++) {
                int bits = 0;
                for (int part = 0; part < 4; part++) {
                    bits |= (scales[j + 4 * part] + 32) >> 4 << 2 * part;
                }
                Memory.i8(block + 104 + j, bits);
            }
        }

        /// The two low bits: each 32 bytes hold four runs of 32 values.
        private static void twoBits(int[] q, long address) {
            for (int half = 0; half < 2; half++) {
                for (int j = 0; j < 32; j++) {
                    int at = 128 * half + j;
                    Memory.i8(address + 32 * half + j,
                            q[at] & 3 | (q[at + 32] & 3) << 2 | (q[at + 64] & 3) << 4 | (q[at + 96] & 3) << 6);
                }
            }
        }

        /// Scales and minima of Q4_K and Q5_K, as `Blocks256.scale4` and `min4` read them.
        static void scales(int[] scales, int[] mins, long address) {
            for (int g = 0; g < 4; g++) {
                Memory.i8(address + g, scales[g] | scales[g + 4] >> 4 << 6);
                Memory.i8(address + 4 + g, mins[g] | mins[g + 4] >> 4 << 6);
                Memory.i8(address + 8 + g, scales[g + 4] & 15 | (mins[g + 4] & 15) << 4);
            }
        }

        /// The four low bits: each 32 bytes hold two runs of 32 values.
        static void nibbles(int[] q, long address) {
            for (int pair = 0; pair < 4; pair++) {
                for (int j = 0; j < 32; j++) {
                    Memory.i8(address + 32 * pair + j, q[64 * pair + j] & 15 | (q[64 * pair + 32 + j] & 15) << 4);
                }
            }
        }

        /// The fifth bit of Q5_K: bit k of the 32 bytes belongs to run k of 32 values.
        static void fifthBits(int[] q, long address) {
            for (int j = 0; j < 32; j++) {
                int bits = 0;
                for (int run = 0; run < 8; run++) {
                    bits |= (q[32 * run + j] >> 4) << run;
                }
                Memory.i8(address + j, bits);
            }
        }

        /// Q6_K without d.
        ///
        /// @param scales from -128 to 127
        static void q6k(int[] q, int[] scales, long block) {
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
            for (int g = 0; g < 16; g++) {
                Memory.i8(block + 192 + g, scales[g]);
            }
        }
    }
}
