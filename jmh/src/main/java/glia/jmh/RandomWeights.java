package glia.jmh;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Encode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/// Weights to time kernels on. Some rows are made and encoded, the others are copies: no kernel's time depends on it,
/// and quantizing takes far longer than what is measured.
final class RandomWeights {
    private static final int DISTINCT_ROWS = 16;
    private static final double DEVIATION = 0.02;

    private RandomWeights() { }

    /// A matrix of normal numbers in a type that `Encode` writes.
    static Tensor make(Arena arena, SplittableRandom random, DType type, int rows, int cols) {
        Tensor w = Tensor.allocate(arena, type, rows, cols);
        float[] row = new float[cols];
        for (int r = 0; r < Math.min(rows, DISTINCT_ROWS); r++) {
            for (int i = 0; i < cols; i++) {
                row[i] = (float) (random.nextGaussian() * DEVIATION);
            }
            Encode.fromFloats(type, row, 0, cols, w.address() + r * w.rowBytes());
        }
        for (int r = DISTINCT_ROWS; r < rows; r++) {
            MemorySegment.copy(w.memory(), r % DISTINCT_ROWS * w.rowBytes(), w.memory(), r * w.rowBytes(),
                    w.rowBytes());
        }
        return w;
    }
}
