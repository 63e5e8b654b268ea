package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.tensor.Memory.I16;
import static glia.kernels.vector.Rows.B;
import static glia.kernels.vector.Rows.S;
import static glia.kernels.vector.Simd.*;
import static jdk.incubator.vector.VectorOperators.*;

import glia.tensor.Memory;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/// Decodes rows of the KV cache's types to consecutive F32 rows, with the bits of `Decode`. Requires `Rows.AVAILABLE`.
final class RowDecoder {
    private static final int BLOCK = 32;
    private static final int BLOCK_BYTES = 34;

    private RowDecoder() { }

    static void bf16(long from, long rowBytes, int rows, int count, long to) {
        int whole = count / LANES * LANES;
        for (int r = 0; r < rows; r++) {
            long row = from + r * rowBytes;
            long y = to + 4L * r * count;
            for (int k = 0; k < whole; k += LANES) {
                IntVector v = (IntVector) ShortVector.fromMemorySegment(S, ALL, row + 2L * k & ADDRESS, ORDER)
                        .convertShape(ZERO_EXTEND_S2I, I, 0);
                v.lanewise(LSHL, 16).reinterpretAsFloats().intoMemorySegment(ALL, y + 4L * k & ADDRESS, ORDER);
            }
            for (int k = whole; k < count; k++) {
                Memory.f32(y + 4L * k, Float.intBitsToFloat(ALL.get(I16, row + 2L * k) << 16));
            }
        }
    }

    /// @param count a multiple of 32
    static void q8p0(long from, long rowBytes, int rows, int count, long to) {
        for (int r = 0; r < rows; r++) {
            long block = from + r * rowBytes;
            long y = to + 4L * r * count;
            for (int k = 0; k < count; k += BLOCK, block += BLOCK_BYTES) {
                FloatVector scale = FloatVector.broadcast(F, Float.float16ToFloat(ALL.get(I16, block & ADDRESS)));
                for (int j = 0; j < BLOCK; j += LANES) {
                    FloatVector v = (FloatVector) ByteVector.fromMemorySegment(B, ALL, block + 2 + j & ADDRESS, ORDER)
                            .convertShape(B2F, F, 0);
                    v.mul(scale).intoMemorySegment(ALL, y + 4L * (k + j) & ADDRESS, ORDER);
                }
            }
        }
    }
}
