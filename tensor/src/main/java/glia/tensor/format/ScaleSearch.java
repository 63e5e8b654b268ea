package glia.tensor.format;

/// Searches for the scale (and the minimum) of a group of values with the least weighted squared error, as ggml's
/// quantization does: candidates of the step size around the one that just spans the group, each followed by weighted
/// least squares for the integers that it gives. Holds the last result; for one thread.
///
/// @see <a href="https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c">ggml: `make_qx_quants`,
///     `make_qkx3_quants`, `make_qp_quants`</a>
final class ScaleSearch {
    /// Groups whose largest magnitude is below this are 0.
    private static final float TINY = 1e-15f;
    /// Adding and subtracting it rounds a float of up to 22 bits half to even.
    private static final float ROUNDING = 12_582_912;
    private static final int ROUNDS = 5;
    private static final float FRACTION = 0.1f;

    /// The candidates of a search with a minimum: step sizes `(high + min) / (most + first + i · step)`
    /// with the best minimum so far.
    ///
    /// @param absolute whether the error is the weighted sum of magnitudes instead of squares
    /// @param improves whether the best candidate is improved by rounding and fitting in turns
    record Grid(float first, float step, int count, boolean absolute, boolean improves) { }

    private final int[] q = new int[16];
    private float scale;
    private float min;
    /// The weighted sum of squares that the last fit of a scale explains.
    private double explained;
    /// The least error of a search with a minimum so far.
    private double least;

    /// The scale of the last search; `x ≈ scale · q`, or `scale · q - min`.
    float scale() {
        return scale;
    }

    /// The minimum of the last search with one, not negative.
    float min() {
        return min;
    }

    /// The nearest integer, halves to even, limited to a range.
    static int nearest(float x, int lowest, int highest) {
        float limited = Math.max(lowest, Math.min(highest, x));
        return (Float.floatToRawIntBits(limited + ROUNDING) & 0x7fffff) - 0x400000;
    }

    /// The inverse of a scale; 0 if there is none.
    static float inverse(float scale) {
        float inverse = 1 / scale;
        return Float.isFinite(inverse) ? inverse : 0;
    }

    /// Finds the scale of the best fit of `count` values by integers from `-most` to `most - 1`. Its sign makes the
    /// value of the largest magnitude negative, since there is one more negative integer.
    ///
    /// @param w the weights, from `wFrom` on
    /// @param improves whether the best candidate is improved by rounding and fitting in turns
    float signed(float[] x, int from, int count, int most, float[] w, int wFrom, boolean improves) {
        search(x, from, count, -most, most - 1, w, wFrom, -farthest(x, from, count), 9, improves);
        return scale;
    }

    private static float farthest(float[] x, int from, int count) {
        float farthest = 0;
        for (int i = from; i < from + count; i++) {
            farthest = Math.abs(x[i]) > Math.abs(farthest) ? x[i] : farthest;
        }
        return farthest;
    }

    /// Finds a scale as `signed`, but from one candidate, the step that just spans the group, whose integers are then
    /// changed one at a time as long as the error falls (ggml's `make_q3_quants`).
    ///
    /// @param count at most 16
    float descent(float[] x, int from, int count, int most, float[] w, int wFrom) {
        float farthest = farthest(x, from, count);
        scale = 0;
        if (Math.abs(farthest) < TINY) {
            return 0;
        }
        float sumQx = 0;
        float sumQq = 0;
        for (int i = 0; i < count; i++) {
            q[i] = nearest(x[from + i] * (-most / farthest), -most, most - 1);
            sumQx += w[wFrom + i] * x[from + i] * q[i];
            sumQq += w[wFrom + i] * q[i] * q[i];
        }
        boolean changes = true;
        for (int round = 0; round < ROUNDS && changes; round++) {
            changes = false;
            for (int i = 0; i < count; i++) {
                float weight = w[wFrom + i];
                float otherQx = sumQx - weight * x[from + i] * q[i];
                float otherQq = sumQq - weight * q[i] * q[i];
                int better = otherQx > 0 ? nearest(x[from + i] * otherQq / otherQx, -most, most - 1) : q[i];
                otherQx += weight * x[from + i] * better;
                otherQq += weight * better * better;
                if (better != q[i] && otherQq > 0 && otherQx * otherQx * sumQq > sumQx * sumQx * otherQq) {
                    q[i] = better;
                    sumQx = otherQx;
                    sumQq = otherQq;
                    changes = true;
                }
            }
        }
        scale = sumQq > 0 ? sumQx / sumQq : 0;
        return scale;
    }

    /// Finds the scale of the best fit of values that are not negative by integers from 0 to `most`.
    float positive(float[] x, int count, int most, float[] w) {
        float highest = 0;
        for (int i = 0; i < count; i++) {
            highest = Math.max(highest, x[i]);
        }
        search(x, 0, count, 0, most, w, 0, highest, 4, true);
        return scale;
    }

    /// Tries the steps `end / (limit + i / 10)` for i from `-candidates` to `candidates`, then improves the best one if
    /// `improves`.
    ///
    /// @param end the value at the end of the range of integers
    private void search(float[] x, int from, int count, int lowest, int highest, float[] w, int wFrom, float end,
            int candidates, boolean improves) {
        scale = 0;
        if (Math.abs(end) < TINY) {
            return;
        }
        int limit = Math.max(-lowest, highest);
        double best = -1;
        float found = 0;
        for (int i = -candidates; i <= candidates; i++) {
            fit(x, from, count, lowest, highest, w, wFrom, (limit + FRACTION * i) / end);
            if (explained > best) {
                best = explained;
                found = scale;
            }
        }
        for (int round = 0; improves && round < ROUNDS; round++) {
            fit(x, from, count, lowest, highest, w, wFrom, inverse(found));
            if (!(explained > best)) {
                break;
            }
            best = explained;
            found = scale;
        }
        scale = found;
    }

    /// Rounds with a step size and fits the scale of the result: the one that explains the largest part of the weighted
    /// sum of squares.
    private void fit(float[] x, int from, int count, int lowest, int highest, float[] w, int wFrom, float inverse) {
        double sumQx = 0;
        double sumQq = 0;
        for (int i = 0; i < count; i++) {
            int q = nearest(x[from + i] * inverse, lowest, highest);
            double wq = (double) w[wFrom + i] * q;
            sumQx += wq * x[from + i];
            sumQq += wq * q;
        }
        scale = sumQq > 0 ? (float) (sumQx / sumQq) : 0;
        explained = sumQq > 0 ? sumQx * sumQx / sumQq : 0;
    }

    /// Finds scale and minimum of the best fit of `count` values by integers from 0 to `most`. The minimum is 0 if all
    /// values are positive.
    void affine(float[] x, int from, int count, int most, float[] w, int wFrom, Grid grid) {
        float low = 0;
        float high = Float.NEGATIVE_INFINITY;
        for (int i = from; i < from + count; i++) {
            low = Math.min(low, x[i]);
            high = Math.max(high, x[i]);
        }
        scale = 0;
        min = -low;
        if (high - low < TINY) {
            return;
        }
        scale = (high - low) / most;
        least = error(x, from, count, most, w, wFrom, scale, low, 1 / scale, low, grid.absolute);
        for (int step = 0; step <= grid.count; step++) {
            float inverse = (most + grid.first + grid.step * step) / (high + min);
            fit(x, from, count, most, w, wFrom, inverse, -min, grid.absolute);
        }
        for (int round = 0; grid.improves && round < ROUNDS; round++) {
            if (!fit(x, from, count, most, w, wFrom, inverse(scale), -min, grid.absolute)) {
                break;
            }
        }
    }

    /// Rounds `(x - low) · inverse`, fits a line to the result by weighted least squares, and keeps it if its error is
    /// less than the least so far.
    private boolean fit(float[] x, int from, int count, int most, float[] w, int wFrom, float inverse, float low,
            boolean absolute) {
        double sumW = 0;
        double sumX = 0;
        double sumQ = 0;
        double sumQq = 0;
        double sumQx = 0;
        for (int i = 0; i < count; i++) {
            float value = x[from + i];
            int q = nearest((value - low) * inverse, 0, most);
            float weight = w[wFrom + i];
            double wq = (double) weight * q;
            sumW += weight;
            sumX += (double) weight * value;
            sumQ += wq;
            sumQq += wq * q;
            sumQx += wq * value;
        }
        double determinant = sumW * sumQq - sumQ * sumQ;
        if (!(determinant > 0)) {
            return false;
        }
        double fitted = (sumW * sumQx - sumX * sumQ) / determinant;
        double offset = (sumQq * sumX - sumQ * sumQx) / determinant;
        if (offset > 0) {
            offset = 0;
            fitted = sumQx / sumQq;
        }
        double error = error(x, from, count, most, w, wFrom, (float) fitted, (float) offset, inverse, low, absolute);
        if (error >= least || fitted <= 0) {
            return false;
        }
        least = error;
        scale = (float) fitted;
        min = (float) -offset;
        return true;
    }

    /// The weighted error of `scale · q + offset` with the integers that `(x - low) · inverse` is rounded to.
    private static double error(float[] x, int from, int count, int most, float[] w, int wFrom, float scale,
            float offset, float inverse, float low, boolean absolute) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            int q = nearest((x[from + i] - low) * inverse, 0, most);
            float difference = scale * q + offset - x[from + i];
            sum += w[wFrom + i] * (absolute ? Math.abs(difference) : difference * difference);
        }
        return sum;
    }
}
