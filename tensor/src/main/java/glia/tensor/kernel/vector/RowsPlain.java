package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.LANES;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.sum;
import static glia.tensor.kernel.vector.Simd.zero;

import glia.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Products of rows of F32, F16 and BF16 with one vector of F32 activations: `y[r] = Σ_k w[r,k] · x[k]`. Four
/// accumulators hide the latency of an addition; numbers that fill no vector are added one by one.
final class RowsPlain {
    private static final int STEP = 4 * LANES;

    private RowsPlain() { }

    static void f32(long w, long rowBytes, int rows, long x, int count, long y) {
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
            float total = sum(s0.add(s1).add(s2.add(s3)));
            for (; k < count; k++) {
                total = Math.fma(Memory.f32(a + 4L * k), Memory.f32(x + 4L * k), total);
            }
            Memory.f32(y + 4L * r, total);
        }
    }

    static void f16(long w, long rowBytes, int rows, long x, int count, long y) {
        for (int r = 0; r < rows; r++) {
            long a = w + r * rowBytes;
            FloatVector s0 = zero();
            FloatVector s1 = zero();
            int k = 0;
            for (; k <= count - 2 * LANES; k += 2 * LANES) {
                s0 = Simd.halves(Bytes.words(a + 2L * k)).fma(load(x + 4L * k), s0);
                s1 = Simd.halves(Bytes.words(a + 2L * (k + LANES))).fma(load(x + 4L * (k + LANES)), s1);
            }
            float total = sum(s0.add(s1));
            for (; k < count; k++) {
                total = Math.fma(Memory.f16(a + 2L * k), Memory.f32(x + 4L * k), total);
            }
            Memory.f32(y + 4L * r, total);
        }
    }

    static void bf16(long w, long rowBytes, int rows, long x, int count, long y) {
        for (int r = 0; r < rows; r++) {
            long a = w + r * rowBytes;
            FloatVector s0 = zero();
            FloatVector s1 = zero();
            int k = 0;
            for (; k <= count - 2 * LANES; k += 2 * LANES) {
                s0 = brain(a + 2L * k).fma(load(x + 4L * k), s0);
                s1 = brain(a + 2L * (k + LANES)).fma(load(x + 4L * (k + LANES)), s1);
            }
            float total = sum(s0.add(s1));
            for (; k < count; k++) {
                float v = Float.intBitsToFloat(Memory.ALL.get(Memory.I16, a + 2L * k) << 16);
                total = Math.fma(v, Memory.f32(x + 4L * k), total);
            }
            Memory.f32(y + 4L * r, total);
        }
    }

    private static FloatVector brain(long address) {
        return Bytes.words(address).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }
}
