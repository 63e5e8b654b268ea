package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.LANES;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.store;
import static glia.tensor.kernel.vector.Simd.zero;

import glia.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Products of rows of F32, F16 and BF16 with one vector of F32 activations. Numbers that fill no vector are added to
/// the first lane. Arguments are those of `Rows32`, with the number of columns instead of blocks.
final class RowsPlain {
    private static final int STEP = 4 * LANES;

    private RowsPlain() { }

    static void f32(long w, long rowBytes, int rows, long x, int count, long to) {
        int whole = count / LANES * LANES;
        for (int r = 0; r < rows; r++) {
            long a = w + r * rowBytes;
            FloatVector s0 = zero();
            FloatVector s1 = zero();
            FloatVector s2 = zero();
            FloatVector s3 = zero();
            int k = 0;
            for (; k <= count - STEP; k += STEP) {
                s0 = load(a + 4L * k).fma(load(x + 4L * k), s0);
                s1 = load(a + 4L * (k + LANES)).fma(load(x + 4L * (k + LANES)), s1);
                s2 = load(a + 4L * (k + 2 * LANES)).fma(load(x + 4L * (k + 2 * LANES)), s2);
                s3 = load(a + 4L * (k + 3 * LANES)).fma(load(x + 4L * (k + 3 * LANES)), s3);
            }
            for (; k < whole; k += LANES) {
                s0 = load(a + 4L * k).fma(load(x + 4L * k), s0);
            }
            store(to + (long) r * BYTES, s0.add(s1).add(s2.add(s3)));
            for (; k < count; k++) {
                addTo(to + (long) r * BYTES, Memory.f32(a + 4L * k) * Memory.f32(x + 4L * k));
            }
        }
    }

    static void f16(long w, long rowBytes, int rows, long x, int count, long to) {
        for (int r = 0; r < rows; r++) {
            long a = w + r * rowBytes;
            FloatVector s = zero();
            int k = 0;
            for (; k <= count - LANES; k += LANES) {
                s = Simd.halves(Bytes.words(a + 2L * k)).fma(load(x + 4L * k), s);
            }
            store(to + (long) r * BYTES, s);
            for (; k < count; k++) {
                addTo(to + (long) r * BYTES, Memory.f16(a + 2L * k) * Memory.f32(x + 4L * k));
            }
        }
    }

    static void bf16(long w, long rowBytes, int rows, long x, int count, long to) {
        for (int r = 0; r < rows; r++) {
            long a = w + r * rowBytes;
            FloatVector s0 = zero();
            FloatVector s1 = zero();
            int k = 0;
            for (; k <= count - 2 * LANES; k += 2 * LANES) {
                s0 = brain(a + 2L * k).fma(load(x + 4L * k), s0);
                s1 = brain(a + 2L * (k + LANES)).fma(load(x + 4L * (k + LANES)), s1);
            }
            store(to + (long) r * BYTES, s0.add(s1));
            for (; k < count; k++) {
                float v = Float.intBitsToFloat(Memory.ALL.get(Memory.I16, a + 2L * k) << 16);
                addTo(to + (long) r * BYTES, v * Memory.f32(x + 4L * k));
            }
        }
    }

    private static void addTo(long address, float v) {
        Memory.f32(address, Memory.f32(address) + v);
    }

    private static FloatVector brain(long address) {
        return Bytes.words(address).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }
}
