package glia.tensor.kernel;

import glia.tensor.Memory;

/// F32 vector operations by address, for code that does not need a kernel of its own.
public final class Vectors {
    private Vectors() { }

    /// Computes `Σ a_i · b_i`, accumulated in F64.
    public static double dot(long a, long b, int count) {
        double sum = 0;
        for (long at = 0; at < 4L * count; at += 4) {
            sum += (double) Memory.f32(a + at) * Memory.f32(b + at);
        }
        return sum;
    }

    /// Computes `to ← to + factor · from`.
    public static void addScaled(long to, long from, float factor, int count) {
        for (long at = 0; at < 4L * count; at += 4) {
            Memory.f32(to + at, Memory.f32(to + at) + factor * Memory.f32(from + at));
        }
    }
}
