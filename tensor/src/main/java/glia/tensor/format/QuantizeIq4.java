package glia.tensor.format;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.format.CodebookBlocks.Codebook;

/// Quantizes to IQ4_NL and IQ4_XS: 16 values that are denser near 0 (`Codebook.IQ4`), times a scale for each 32 values.
///
/// A candidate of the scale puts the largest value near the codebook's end, -127, or near 127. It rounds all values to
/// the codebook, and weighted least squares fit the scale to the result; the candidate with the least error wins. The
/// scales of IQ4_XS are then rounded to six bits, relative to the block's largest. To try the integers next to a
/// rounded scale, as the K-quants do, has less error but gave a worse model.
///
/// Weights are `importance · √(2 · mean x² + x²)`, or x² without importance, as in ggml.
///
/// @see <a href="https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c">ggml: `quantize_iq4_nl`,
///     `quantize_iq4_xs`</a>
final class QuantizeIq4 {
    private static final int GROUP = 32;
    private static final int STEPS = 7;
    /// Groups of smaller values are 0.
    private static final float LEAST = 1e-15f;
    /// The middles between neighbors, and for each integer from -128 how many of them it reaches.
    private static final float[] MIDDLES = new float[15];
    private static final int[] REACHED = new int[256];

    static {
        for (int i = 0; i < MIDDLES.length; i++) {
            MIDDLES[i] = (Codebook.IQ4.value(i) + Codebook.IQ4.value(i + 1)) / 2f;
            for (int number = -128; number < 128; number++) {
                REACHED[number + 128] += number >= MIDDLES[i] ? 1 : 0;
            }
        }
    }

    private final float[] weights = new float[GROUP];
    private float dot;
    private float square;

    /// Quantizes whole blocks.
    ///
    /// @param importance null for none
    void quantize(DType type, float[] x, int offset, int count, float[] importance, long address) {
        long block = address;
        for (int i = 0; i < count; i += type.blockElements(), block += type.blockBytes()) {
            if (type == DType.IQ4_NL) {
                float scale = fit(x, offset + i, importance, i, meanSquare(x, offset + i, GROUP));
                Memory.f16(block, scale);
                pack(x, offset + i, scale, block + 2);
            } else {
                superblock(x, offset + i, importance, i, block);
            }
        }
    }

    private void superblock(float[] x, int from, float[] importance, int column, long block) {
        float mean = meanSquare(x, from, Blocks256.SIZE);
        float[] scales = new float[Blocks256.SIZE / GROUP];
        float largest = 0;
        for (int g = 0; g < scales.length; g++) {
            scales[g] = fit(x, from + GROUP * g, importance, column + GROUP * g, mean);
            largest = Math.abs(scales[g]) > Math.abs(largest) ? scales[g] : largest;
        }
        float d = -largest / 32;
        Memory.f16(block, d);
        float inverse = ScaleSearch.inverse(d);
        int high = 0;
        int low = 0;
        for (int g = 0; g < scales.length; g++) {
            int factor = ScaleSearch.nearest(inverse * scales[g], -32, 31);
            pack(x, from + GROUP * g, d * factor, block + 8 + 16 * g);
            low |= (factor + 32 & 15) << 4 * g;
            high |= (factor + 32 >> 4) << 2 * g;
        }
        Memory.i16(block + 2, high);
        Memory.i32(block + 4, low);
    }

    private static float meanSquare(float[] x, int from, int count) {
        float sum = 0;
        for (int i = from; i < from + count; i++) {
            sum += x[i] * x[i];
        }
        return 2 * sum / count;
    }

    /// The scale of a group with the least weighted error.
    private float fit(float[] x, int from, float[] importance, int column, float mean) {
        float largest = 0;
        for (int j = 0; j < GROUP; j++) {
            float v = x[from + j];
            weights[j] = importance == null ? v * v : importance[column + j] * (float) Math.sqrt(mean + v * v);
            largest = Math.abs(v) > Math.abs(largest) ? v : largest;
        }
        if (Math.abs(largest) < LEAST) {
            return 0;
        }
        int end = Codebook.IQ4.value(0);
        measure(x, from, -end / largest);
        float best = square > 0 ? dot * dot / square : 0;
        float scale = square > 0 ? dot / square : 0;
        for (int step = -STEPS; step <= STEPS; step++) {
            measure(x, from, (end + step) / largest);
            if (square > 0 && dot * dot > best * square) {
                best = dot * dot / square;
                scale = dot / square;
            }
        }
        return scale;
    }

    /// Computes `dot = Σ w q x` and `square = Σ w q²` for values rounded after they are multiplied by `inverse`.
    private void measure(float[] x, int from, float inverse) {
        dot = 0;
        square = 0;
        for (int j = 0; j < GROUP; j++) {
            float q = Codebook.IQ4.floats[nearest(inverse * x[from + j])];
            dot += weights[j] * q * x[from + j];
            square += weights[j] * q * q;
        }
    }

    /// The code of the nearest value.
    private static int nearest(float v) {
        int code = REACHED[Math.clamp((int) Math.floor(v), -128, 127) + 128];
        return code < MIDDLES.length && v >= MIDDLES[code] ? code + 1 : code;
    }

    private static void pack(float[] x, int from, float scale, long to) {
        float inverse = ScaleSearch.inverse(scale);
        for (int j = 0; j < GROUP / 2; j++) {
            Memory.i8(to + j, nearest(inverse * x[from + j]) | nearest(inverse * x[from + j + GROUP / 2]) << 4);
        }
    }
}
