package glia.tensor.format;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.format.CodebookBlocks.Codebook;
import glia.tensor.format.CodebookBlocks.Grids;
import java.util.Arrays;

/// Quantizes to IQ2 and IQ3: the magnitudes of 8 (IQ3: 4) neighbors are an entry of a grid of code vectors, times a
/// scale for each 16 or 32 values. XXS and XS store the signs of eight values in seven bits: if the number of negative
/// ones is odd, the value whose sign matters least is negated.
///
/// Each group tries scales around the one that brings its largest value to the codebook's end. Values are rounded to
/// codes, and a vector that is not in the grid becomes the nearest entry by weighted error; least squares fit the scale
/// to the result. Scales are rounded to odd multiples of the block's, vectors are chosen again for these, and least
/// squares fit the block's scale. Weights are `importance · √(2 · mean x² + x²)`, or x² without importance, as in ggml.
///
/// @see <a href="https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c">ggml: `quantize_iq2_xs` and so on</a>
final class QuantizeGrid {
    private static final int SIZE = Blocks256.SIZE;
    private static final int STEPS = 12;
    private static final float STEP = 0.03f;
    private static final int LARGEST_FACTOR = 31;
    /// Groups of smaller values are 0.
    private static final float LEAST = 1e-15f;

    /// A format: its grid, how many values share a scale, whether seven bits hold eight signs, and by how much the
    /// stored scale is larger than in `CodebookBlocks`.
    private enum Form {
        IQ2_XXS(Grids.IQ2_XXS, 8, Codebook.IQ2, 3, 32, true, 8), IQ2_XS(Grids.IQ2_XS, 8, Codebook.IQ2, 3, 16, true, 8),
        IQ2_S(Grids.IQ2_S, 8, Codebook.IQ2, 3, 16, false, 8),
        IQ3_XXS(Grids.IQ3_XXS, 4, Codebook.IQ3_XXS, 8, 32, true, 4),
        IQ3_S(Grids.IQ3_S, 4, Codebook.IQ3_S, 8, 32, false, 1);

        /// Entries of the grid that are tried for a vector.
        private static final int TRIED = 12;

        final int length;
        final int levels;
        final int group;
        final boolean hasEvenSigns;
        final int scale;
        final float[] values;
        /// The codes of all entries, one after the other.
        private final byte[] codes;
        /// For the number of a vector of codes, the nearest entries; filled when needed. All threads find the same.
        private final int[][] near;

        Form(long[] grid, int length, Codebook codebook, int levels, int group, boolean hasEvenSigns, int scale) {
            this.length = length;
            this.levels = levels;
            this.group = group;
            this.hasEvenSigns = hasEvenSigns;
            this.scale = scale;
            values = Arrays.copyOf(codebook.floats, levels);
            codes = new byte[grid.length * length];
            for (int i = 0; i < codes.length; i++) {
                codes[i] = (byte) (grid[i / length] >>> 8 * (i % length));
            }
            near = new int[(int) Math.pow(levels, length)][];
        }

        float value(int entry, int j) {
            return values[codes[entry * length + j]];
        }

        /// The code of the nearest value.
        int nearest(float x) {
            int code = 0;
            while (code + 1 < levels && x > (values[code] + values[code + 1]) / 2) {
                code++;
            }
            return code;
        }

        /// The nearest entries to a vector of codes, by its number in base `levels`; only itself if it is an entry.
        int[] near(int number) {
            int[] found = near[number];
            if (found == null) {
                found = find(number);
                near[number] = found;
            }
            return found;
        }

        private int[] find(int number) {
            int[] best = new int[TRIED];
            float[] errors = new float[TRIED];
            Arrays.fill(errors, Float.MAX_VALUE);
            for (int entry = 0; entry < codes.length / length; entry++) {
                float error = 0;
                for (int j = 0, rest = number; j < length; j++, rest /= levels) {
                    float difference = value(entry, j) - values[rest % levels];
                    error += difference * difference;
                }
                if (error == 0) {
                    return new int[] {entry};
                }
                int at = TRIED;
                while (at > 0 && error < errors[at - 1]) {
                    at--;
                }
                if (at < TRIED) {
                    System.arraycopy(errors, at, errors, at + 1, TRIED - 1 - at);
                    System.arraycopy(best, at, best, at + 1, TRIED - 1 - at);
                    errors[at] = error;
                    best[at] = entry;
                }
            }
            return best;
        }
    }

    private final Form form;
    private final float[] weights = new float[SIZE];
    private final float[] magnitudes = new float[SIZE];
    private final int[] signs = new int[SIZE / 8];
    private final int[] entries;
    private final int[] factors;
    private final float[] scales;
    private float dot;
    private float square;

    QuantizeGrid(DType type) {
        form = Form.valueOf(type.name());
        entries = new int[SIZE / form.length];
        factors = new int[SIZE / form.group];
        scales = new float[factors.length];
    }

    /// Quantizes whole blocks.
    ///
    /// @param importance null for none
    void quantize(DType type, float[] x, int offset, int count, float[] importance, long address) {
        long block = address;
        for (int i = 0; i < count; i += SIZE, block += type.blockBytes()) {
            prepare(x, offset + i, importance, i);
            float largest = 0;
            for (int g = 0; g < scales.length; g++) {
                scales[g] = fit(g);
                largest = Math.max(largest, scales[g]);
            }
            for (int b = 0; b < type.blockBytes(); b++) {
                Memory.i8(block + b, 0);
            }
            Memory.f16(block, largest / LARGEST_FACTOR * form.scale);
            float d = Memory.f16(block) / form.scale;
            float allDots = 0;
            float allSquares = 0;
            for (int g = 0; g < scales.length; g++) {
                int odd = factor(g, d);
                allDots += odd * dot;
                allSquares += odd * odd * square;
            }
            if (allDots > 0 && allSquares > 0) {
                Memory.f16(block, allDots / allSquares * form.scale);
                float fitted = Memory.f16(block) / form.scale;
                if (error(fitted, allDots, allSquares) > error(d, allDots, allSquares)) {
                    Memory.f16(block, d * form.scale);
                }
            }
            pack(block);
        }
    }

    /// The weighted error of a scale, less a constant.
    private static float error(float scale, float dot, float square) {
        return scale * (scale * square - 2 * dot);
    }

    /// Chooses the factor of a group's scale with the least error, and its entries; returns the odd number.
    private int factor(int group, float d) {
        int middle = ScaleSearch.nearest((scales[group] * ScaleSearch.inverse(d) - 1) / 2, 0, 15);
        int found = middle;
        float least = Float.MAX_VALUE;
        for (int factor = Math.max(0, middle - 1); factor <= Math.min(15, middle + 1); factor++) {
            float scale = d * (2 * factor + 1);
            choose(group, scale);
            float error = error(scale, dot, square);
            if (error < least) {
                least = error;
                found = factor;
            }
        }
        factors[group] = found;
        choose(group, d * (2 * found + 1));
        return 2 * found + 1;
    }

    /// Computes weights, magnitudes and signs.
    private void prepare(float[] x, int from, float[] importance, int column) {
        float sum = 0;
        for (int k = from; k < from + SIZE; k++) {
            sum += x[k] * x[k];
        }
        float mean = 2 * sum / SIZE;
        for (int i = 0; i < SIZE / 8; i++) {
            int negative = 0;
            int least = 0;
            float leastError = Float.MAX_VALUE;
            for (int j = 0; j < 8; j++) {
                int k = 8 * i + j;
                float v = x[from + k];
                weights[k] = importance == null ? v * v : importance[column + k] * (float) Math.sqrt(mean + v * v);
                magnitudes[k] = Math.abs(v);
                negative |= v < 0 ? 1 << j : 0;
                if (weights[k] * v * v < leastError) {
                    leastError = weights[k] * v * v;
                    least = j;
                }
            }
            if (form.hasEvenSigns && Integer.bitCount(negative) % 2 != 0) {
                negative ^= 1 << least;
                magnitudes[8 * i + least] *= -1;
            }
            signs[i] = negative;
        }
    }

    /// The scale of a group with the least weighted error.
    private float fit(int group) {
        float largest = 0;
        for (int k = form.group * group; k < form.group * (group + 1); k++) {
            largest = Math.max(largest, magnitudes[k]);
        }
        if (largest < LEAST) {
            return 0;
        }
        float end = form.values[form.levels - 1];
        float best = 0;
        float scale = 0;
        // Equal values may be in the grid only as another code than the largest.
        for (int step = -STEPS - form.levels; step <= STEPS; step++) {
            float to = step < -STEPS ? form.values[step + STEPS + form.levels] : end * (1 + STEP * step);
            choose(group, largest / to);
            if (dot > 0 && square > 0 && dot * dot > best * square) {
                best = dot * dot / square;
                scale = dot / square;
            }
        }
        return scale;
    }

    /// Chooses the entries of a group for a scale; computes `dot = Σ w q x` and `square = Σ w q²`.
    private void choose(int group, float scale) {
        int length = form.length;
        float inverse = ScaleSearch.inverse(scale);
        dot = 0;
        square = 0;
        for (int k = form.group * group; k < form.group * (group + 1); k += length) {
            int number = 0;
            for (int j = length - 1; j >= 0; j--) {
                number = number * form.levels + form.nearest(magnitudes[k + j] * inverse);
            }
            int[] tried = form.near(number);
            int entry = tried[0];
            float least = Float.MAX_VALUE;
            for (int i = 0; i < tried.length && tried.length > 1; i++) {
                float error = 0;
                for (int j = 0; j < length; j++) {
                    float difference = scale * form.value(tried[i], j) - magnitudes[k + j];
                    error += weights[k + j] * difference * difference;
                }
                if (error < least) {
                    least = error;
                    entry = tried[i];
                }
            }
            entries[k / length] = entry;
            for (int j = 0; j < length; j++) {
                float q = form.value(entry, j);
                dot += weights[k + j] * q * magnitudes[k + j];
                square += weights[k + j] * q * q;
            }
        }
    }

    /// Stores entries, signs and factors as `CodebookBlocks` lists them, in a block of zeros.
    private void pack(long block) {
        for (int i = 0; i < entries.length; i++) {
            switch (form) {
                case IQ2_XXS -> Memory.i8(block + 2 + i / 4 * 8 + i % 4, entries[i]);
                case IQ2_XS -> Memory.i16(block + 2 + 2 * i, entries[i] | (signs[i] & 127) << 9);
                case IQ2_S, IQ3_XXS, IQ3_S -> Memory.i8(block + 2 + i, entries[i]);
            }
            switch (form) {
                case IQ2_S -> or(block + 66 + i / 4, entries[i] >> 8 << i % 4 * 2);
                case IQ3_S -> or(block + 66 + i / 8, entries[i] >> 8 << i % 8);
                default -> { }
            }
        }
        for (int i = 0; i < signs.length; i++) {
            switch (form) {
                case IQ2_S -> Memory.i8(block + 34 + i, signs[i]);
                case IQ3_S -> Memory.i8(block + 74 + i, signs[i]);
                default -> { }
            }
        }
        for (int g = 0; g < factors.length; g++) {
            switch (form) {
                case IQ2_XXS -> Memory.i32(block + 6 + 8 * g, sevens(g));
                case IQ3_XXS -> Memory.i32(block + 66 + 4 * g, sevens(g));
                case IQ2_XS -> or(block + 66 + g / 2, factors[g] << g % 2 * 4);
                case IQ2_S -> or(block + 74 + g / 2, factors[g] << g % 2 * 4);
                case IQ3_S -> or(block + 106 + g / 2, factors[g] << g % 2 * 4);
            }
        }
    }

    private int sevens(int group) {
        int bits = factors[group] << 28;
        for (int i = 0; i < 4; i++) {
            bits |= (signs[4 * group + i] & 127) << 7 * i;
        }
        return bits;
    }

    private static void or(long at, int bits) {
        Memory.i8(at, Memory.u8(at) | bits);
    }
}
