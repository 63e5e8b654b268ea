package glia.tensor.format;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.format.ScaleSearch.Grid;
import java.util.Set;

/// Quantizes a row to Q4_0, Q4_1, Q5_0 or Q5_1 with the least weighted squared error. The weight of a value x is
/// `importance · √(σ² + x²)`, where σ² is the mean square of the row, as in ggml.
///
/// @see <a href="https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c">ggml: `quantize_row_q4_0_impl` and so
///     on</a>
final class Weighted32 {
    /// The types with a search.
    static final Set<DType> TYPES = Set.of(DType.Q4_0, DType.Q4_1, DType.Q5_0, DType.Q5_1);

    private static final int SIZE = Blocks32.SIZE;
    private static final Grid GRID = new Grid(-0.9f, 0.05f, 36, false, true);

    private final ScaleSearch search = new ScaleSearch();
    private final float[] weights = new float[SIZE];
    private final int[] q = new int[SIZE];

    void quantize(DType type, float[] x, int offset, float[] importance, long address) {
        double squares = 0;
        for (int i = 0; i < importance.length; i++) {
            squares += (double) x[offset + i] * x[offset + i];
        }
        float mean = (float) (squares / importance.length);
        long block = address;
        for (int column = 0; column < importance.length; column += SIZE, block += type.blockBytes()) {
            for (int j = 0; j < SIZE; j++) {
                float value = x[offset + column + j];
                weights[j] = importance[column + j] * (float) Math.sqrt(mean + value * value);
            }
            switch (type) {
                case Q4_0 -> {
                    signed(x, offset + column, 8, block);
                    Quantize32.packLow(q, block + 2);
                }
                case Q5_0 -> {
                    signed(x, offset + column, 16, block);
                    Memory.i32(block + 2, Quantize32.fifthBits(q));
                    Quantize32.packLow(q, block + 6);
                }
                case Q4_1 -> {
                    affine(x, offset + column, 15, block);
                    Quantize32.packLow(q, block + 4);
                }
                case Q5_1 -> {
                    affine(x, offset + column, 31, block);
                    Memory.i32(block + 4, Quantize32.fifthBits(q));
                    Quantize32.packLow(q, block + 8);
                }
                default -> throw new IllegalArgumentException(type + " has no weighted search in blocks of 32");
            }
        }
    }

    private void signed(float[] x, int from, int most, long block) {
        Memory.f16(block, search.signed(x, from, SIZE, most, weights, 0, true));
        float inverse = ScaleSearch.inverse(Memory.f16(block));
        for (int j = 0; j < SIZE; j++) {
            q[j] = ScaleSearch.nearest(x[from + j] * inverse, -most, most - 1) + most;
        }
    }

    private void affine(float[] x, int from, int most, long block) {
        search.affine(x, from, SIZE, most, weights, 0, GRID);
        Memory.f16(block, search.scale());
        Memory.f16(block + 2, -search.min());
        float inverse = ScaleSearch.inverse(Memory.f16(block));
        float min = Memory.f16(block + 2);
        for (int j = 0; j < SIZE; j++) {
            q[j] = ScaleSearch.nearest((x[from + j] - min) * inverse, 0, most);
        }
    }
}
