package glia.jmh;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Encode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/// Random weights for timing kernels. Some rows are encoded and the others are copies, since quantizing takes far
/// longer than the measurement and the time of kernels does not depend on values.
final class RandomWeights {
    private static final int DISTINCT_ROWS = 16;
    private static final double DEVIATION = 0.02;

    private RandomWeights() { }

    /// Creates a matrix of normally distributed values, or of random bytes in a type that `Encode` does not write.
    static Tensor make(Arena arena, SplittableRandom random, DType type, int rows, int cols) {
        Tensor w = Tensor.allocate(arena, type, rows, cols);
        float[] row = new float[cols];
        for (int r = 0; r < Math.min(rows, DISTINCT_ROWS); r++) {
            if (!Encode.writes(type)) {
                byte[] bytes = new byte[Math.toIntExact(w.rowBytes())];
                random.nextBytes(bytes);
                MemorySegment.copy(bytes, 0, w.memory(), ValueLayout.JAVA_BYTE, r * w.rowBytes(), bytes.length);
                continue;
            }
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
