package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.kernels.vector.Rows.S;
import static glia.kernels.vector.Simd.*;
import static jdk.incubator.vector.VectorOperators.*;

import glia.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/// Products of rows of F32, F16 and BF16 (see `Rows` for the arguments). Values that fill no vector are added to the
/// first lane.
final class RowsPlain {
    private static final int STEP = 4 * LANES;

    private RowsPlain() { }

    static void f32(long w, long rowBytes, int rows, long x, int count, long to) {
        int whole = count / LANES * LANES;
        for (int r = 0; r < rows; r++) {
            long from = w + r * rowBytes;
            FloatVector s0 = FloatVector.zero(F);
            FloatVector s1 = FloatVector.zero(F);
            FloatVector s2 = FloatVector.zero(F);
            FloatVector s3 = FloatVector.zero(F);
            int k = 0;
            for (; k <= count - STEP; k += STEP) {
                long a = from + 4L * k & ADDRESS;
                long b = x + 4L * k & ADDRESS;
                s0 = FloatVector.fromMemorySegment(F, ALL, a, ORDER)
                        .fma(FloatVector.fromMemorySegment(F, ALL, b, ORDER), s0);
                s1 = FloatVector.fromMemorySegment(F, ALL, a + BYTES, ORDER)
                        .fma(FloatVector.fromMemorySegment(F, ALL, b + BYTES, ORDER), s1);
                s2 = FloatVector.fromMemorySegment(F, ALL, a + 2 * BYTES, ORDER)
                        .fma(FloatVector.fromMemorySegment(F, ALL, b + 2 * BYTES, ORDER), s2);
                s3 = FloatVector.fromMemorySegment(F, ALL, a + 3 * BYTES, ORDER)
                        .fma(FloatVector.fromMemorySegment(F, ALL, b + 3 * BYTES, ORDER), s3);
            }
            for (; k < whole; k += LANES) {
                s0 = FloatVector.fromMemorySegment(F, ALL, from + 4L * k & ADDRESS, ORDER)
                        .fma(FloatVector.fromMemorySegment(F, ALL, x + 4L * k & ADDRESS, ORDER), s0);
            }
            long at = to + (long) r * BYTES & ADDRESS;
            s0.add(s1).add(s2.add(s3)).intoMemorySegment(ALL, at, ORDER);
            for (; k < count; k++) {
                Memory.f32(at, Memory.f32(at) + Memory.f32(from + 4L * k) * Memory.f32(x + 4L * k));
            }
        }
    }

    /// F16 values are converted as in `Unpack.halves`.
    static void f16(long w, long rowBytes, int rows, long x, int count, long to) {
        int whole = count / LANES * LANES;
        for (int r = 0; r < rows; r++) {
            long from = w + r * rowBytes;
            FloatVector s = FloatVector.zero(F);
            for (int k = 0; k < whole; k += LANES) {
                IntVector h = (IntVector) ShortVector.fromMemorySegment(S, ALL, from + 2L * k & ADDRESS, ORDER)
                        .convertShape(ZERO_EXTEND_S2I, I, 0);
                IntVector magnitude = h.and(0x7fff).lanewise(LSHL, 13);
                IntVector bits = magnitude.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts()
                        .lanewise(OR, 0x7f800000, magnitude.compare(GE, 0x7c00 << 13));
                FloatVector v = bits.or(h.and(0x8000).lanewise(LSHL, 16)).reinterpretAsFloats();
                s = v.fma(FloatVector.fromMemorySegment(F, ALL, x + 4L * k & ADDRESS, ORDER), s);
            }
            long at = to + (long) r * BYTES & ADDRESS;
            s.intoMemorySegment(ALL, at, ORDER);
            for (int k = whole; k < count; k++) {
                Memory.f32(at, Memory.f32(at) + Memory.f16(from + 2L * k) * Memory.f32(x + 4L * k));
            }
        }
    }

    static void bf16(long w, long rowBytes, int rows, long x, int count, long to) {
        int whole = count / LANES * LANES;
        for (int r = 0; r < rows; r++) {
            long from = w + r * rowBytes;
            FloatVector s = FloatVector.zero(F);
            for (int k = 0; k < whole; k += LANES) {
                IntVector v = (IntVector) ShortVector.fromMemorySegment(S, ALL, from + 2L * k & ADDRESS, ORDER)
                        .convertShape(ZERO_EXTEND_S2I, I, 0);
                s = v.lanewise(LSHL, 16).reinterpretAsFloats()
                        .fma(FloatVector.fromMemorySegment(F, ALL, x + 4L * k & ADDRESS, ORDER), s);
            }
            long at = to + (long) r * BYTES & ADDRESS;
            s.intoMemorySegment(ALL, at, ORDER);
            for (int k = whole; k < count; k++) {
                float v = Float.intBitsToFloat(ALL.get(Memory.I16, from + 2L * k) << 16);
                Memory.f32(at, Memory.f32(at) + v * Memory.f32(x + 4L * k));
            }
        }
    }
}
