package glia.tensor.ops;

import java.lang.foreign.MemorySegment;

/// Functions of arrays in loops that the JIT compiler vectorizes, with a relative error of at most 2e-7. Not
/// thread-safe.
public final class ArrayMath {
    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float MIN = -87.3f;

    /// Adding this constant rounds a float below 2^22 to the nearest integer.
    private static final float ROUNDER = 12582912f;

    private final int[] bits;
    private final float[] powers;
    private final float[] folded;
    private final MemorySegment from;
    private final MemorySegment to;

    /// @param maxLength the length of the longest array
    public ArrayMath(int maxLength) {
        bits = new int[maxLength];
        powers = new float[maxLength];
        folded = new float[maxLength];
        from = MemorySegment.ofArray(bits);
        to = MemorySegment.ofArray(powers);
    }

    /// Computes `y = e^x` as `2^n · e^r` with `|r| ≤ ln 2 / 2`; x below -87.3 is treated as -87.3. y may be x.
    public void exp(float[] x, float[] y, int count) {
        exponents(x, y, bits, count);
        // The compiler does not vectorize `floatToRawIntBits`, but it does vectorize copying.
        MemorySegment.copy(from, 0, to, 0, 4L * count);
        mantissas(y, powers, count);
    }

    /// Stores the bits of `2^n`, and x clamped to its limit in y.
    private static void exponents(float[] x, float[] y, int[] bits, int count) {
        for (int i = 0; i < count; i++) {
            float z = Math.max(x[i], MIN);
            y[i] = z;
            bits[i] = Math.min((int) (z * LOG2_E + ROUNDER - ROUNDER) + 127, 254) << 23;
        }
    }

    private static void mantissas(float[] y, float[] powers, int count) {
        for (int i = 0; i < count; i++) {
            float z = y[i];
            float n = z * LOG2_E + ROUNDER - ROUNDER;
            float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, z));
            float p = Math.fma(1.9875691500e-4f, r, 1.3981999507e-3f);
            p = Math.fma(p, r, 8.3334519073e-3f);
            p = Math.fma(p, r, 4.1665795894e-2f);
            p = Math.fma(p, r, 1.6666665459e-1f);
            p = Math.fma(p, r, 5.0000001201e-1f);
            y[i] = Math.fma(p, r * r, r + 1) * powers[i];
        }
    }

    /// Computes `y = ln(1 + e^x)` as `max(x, 0) + 2 artanh(u / (2 + u))` with `u = e^-|x|`. y may be x.
    public void softplus(float[] x, float[] y, int count) {
        for (int i = 0; i < count; i++) {
            folded[i] = -Math.abs(x[i]);
        }
        exp(folded, folded, count);
        for (int i = 0; i < count; i++) {
            float z = folded[i] / (2 + folded[i]);
            float q = z * z;
            float p = Math.fma(q, 1 / 17f, 1 / 15f);
            p = Math.fma(p, q, 1 / 13f);
            p = Math.fma(p, q, 1 / 11f);
            p = Math.fma(p, q, 1 / 9f);
            p = Math.fma(p, q, 1 / 7f);
            p = Math.fma(p, q, 1 / 5f);
            p = Math.fma(p, q, 1 / 3f);
            y[i] = Math.max(x[i], 0) + 2 * Math.fma(p * q, z, z);
        }
    }

    /// Computes `y += factor · x`.
    public static void addScaled(float[] y, float[] x, float factor, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = Math.fma(factor, x[i], y[i]);
        }
    }

    /// Computes `y += a · b`.
    public static void addProduct(float[] y, float[] a, float[] b, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = Math.fma(a[i], b[i], y[i]);
        }
    }

    /// Computes `y = a · b`. y may be a or b.
    public static void multiply(float[] y, float[] a, float[] b, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = a[i] * b[i];
        }
    }

    /// Computes `y = factor · x`. y may be x.
    public static void scale(float[] y, float[] x, float factor, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = factor * x[i];
        }
    }

    /// Computes `Σ a · b`.
    public static float dot(float[] a, float[] b, int count) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = 0;
        for (; i + 3 < count; i += 4) {
            s0 = Math.fma(a[i], b[i], s0);
            s1 = Math.fma(a[i + 1], b[i + 1], s1);
            s2 = Math.fma(a[i + 2], b[i + 2], s2);
            s3 = Math.fma(a[i + 3], b[i + 3], s3);
        }
        for (; i < count; i++) {
            s0 = Math.fma(a[i], b[i], s0);
        }
        return s0 + s1 + (s2 + s3);
    }

    /// Computes `y += Σ_k factors[k] · b[k]`, four rows at a time.
    public static void addCombination(float[] y, float[] factors, float[][] b, int depth, int count) {
        int k = 0;
        for (; k + 3 < depth; k += 4) {
            addFour(y, factors[k], b[k], factors[k + 1], b[k + 1], factors[k + 2], b[k + 2], factors[k + 3], b[k + 3],
                    count);
        }
        for (; k < depth; k++) {
            addScaled(y, b[k], factors[k], count);
        }
    }

    private static void addFour(float[] y, float f0, float[] x0, float f1, float[] x1, float f2, float[] x2,
            float f3, float[] x3, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = Math.fma(f0, x0[i], Math.fma(f1, x1[i], Math.fma(f2, x2[i], Math.fma(f3, x3[i], y[i]))));
        }
    }

    /// Transposes: `y[j][i] = x[i][j]` for i in `[0, rows)` and j in `[0, cols)`.
    public static void transpose(float[][] y, float[][] x, int rows, int cols) {
        for (int i = 0; i < rows; i++) {
            float[] row = x[i];
            for (int j = 0; j < cols; j++) {
                y[j][i] = row[j];
            }
        }
    }
}
