package glia.tensor.ops.logits;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.GradientKernels;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Ranges;
import java.util.Arrays;
import java.util.function.BiFunction;

/// Divergences between a student and a teacher for some rows of logits, which are given part by part of the vocabulary.
final class DivergenceTile {
    /// What the backward pass needs of each row: log-sum-exps of student and teacher, the entropy of the student and
    /// the sum of the slopes.
    static final int STATISTICS = 4;

    private final Divergence rule;
    private final Kernels kernels;
    private final BiFunction<Integer, Integer, Tensor> memory;

    /// @param memory allocates matrices
    DivergenceTile(Divergence rule, Kernels kernels, BiFunction<Integer, Integer, Tensor> memory) {
        this.rule = rule;
        this.kernels = kernels;
        this.memory = memory;
    }

    /// Computes divergences and entropies.
    ///
    /// @param result `[n, 2]`
    /// @param statistics `[n, STATISTICS]`, for `backward`
    void forward(Tensor result, Tensor statistics, Tensor[] student, Tensor[] teacher) {
        int rows = student[0].rows();
        double[] logSumS = logSumExps(student);
        double[] logSumT = logSumExps(teacher);
        double[] values = new double[rows];
        double[] entropies = new double[rows];
        double[] slopes = new double[rows];
        Probabilities p = new Probabilities(student, logSumS);
        Probabilities q = new Probabilities(teacher, logSumT);
        for (int part = 0; part < student.length; part++) {
            Tensor zs = student[part];
            Tensor zt = teacher[part];
            Tensor ps = p.of(part);
            Tensor pt = q.of(part);
            int cols = zs.cols();
            Ranges.run(kernels.workers(), rows, 32L * cols, (from, to) -> {
                for (int n = from; n < to; n++) {
                    double value = 0;
                    double entropy = 0;
                    double slope = 0;
                    for (long at = 4L * n * cols; at < 4L * (n + 1) * cols; at += 4) {
                        double s = Memory.f32(ps.address() + at);
                        double logS = Memory.f32(zs.address() + at) - logSumS[n];
                        double t = Memory.f32(pt.address() + at);
                        double logT = Memory.f32(zt.address() + at) - logSumT[n];
                        value += rule.term(s, logS, t, logT);
                        slope += rule.slope(s, logS, t, logT);
                        entropy -= s == 0 ? 0 : s * logS;
                    }
                    values[n] += value;
                    entropies[n] += entropy;
                    slopes[n] += slope;
                }
            });
        }
        for (int n = 0; n < rows; n++) {
            result.set(2L * n, (float) values[n]);
            result.set(2L * n + 1, (float) entropies[n]);
            statistics.set((long) STATISTICS * n, (float) logSumS[n]);
            statistics.set((long) STATISTICS * n + 1, (float) logSumT[n]);
            statistics.set((long) STATISTICS * n + 2, (float) entropies[n]);
            statistics.set((long) STATISTICS * n + 3, (float) slopes[n]);
        }
    }

    /// Computes the gradients for the student's logits and writes them over the teacher's logits: `dz[v] = g ·
    /// (slope[v] - p(v) · Σ slope) - h · p(v) · (H + ln p(v))`, with the gradients g of the divergence and h of the
    /// entropy H.
    ///
    /// @param dresult `[n, 2]`
    void backward(Tensor dresult, Tensor statistics, Tensor[] student, Tensor[] teacher) {
        int rows = student[0].rows();
        double[] logSumS = column(statistics, 0);
        double[] logSumT = column(statistics, 1);
        Probabilities p = new Probabilities(student, logSumS);
        Probabilities q = new Probabilities(teacher, logSumT);
        for (int part = 0; part < student.length; part++) {
            Tensor zs = student[part];
            Tensor zt = teacher[part];
            Tensor ps = p.of(part);
            Tensor pt = q.of(part);
            int cols = zs.cols();
            Ranges.run(kernels.workers(), rows, 32L * cols, (from, to) -> {
                for (int n = from; n < to; n++) {
                    double g = dresult.get(2L * n);
                    double h = dresult.get(2L * n + 1);
                    double entropy = statistics.get((long) STATISTICS * n + 2);
                    double slopes = statistics.get((long) STATISTICS * n + 3);
                    for (long at = 4L * n * cols; at < 4L * (n + 1) * cols; at += 4) {
                        double s = Memory.f32(ps.address() + at);
                        double logS = Memory.f32(zs.address() + at) - logSumS[n];
                        double t = Memory.f32(pt.address() + at);
                        double logT = Memory.f32(zt.address() + at) - logSumT[n];
                        double d = g == 0 ? 0 : g * (rule.slope(s, logS, t, logT) - s * slopes);
                        d -= h == 0 || s == 0 ? 0 : h * s * (entropy + logS);
                        Memory.f32(zt.address() + at, (float) d);
                    }
                }
            });
        }
    }

    private double[] logSumExps(Tensor[] parts) {
        double[] sums = new double[parts[0].rows()];
        Arrays.fill(sums, Double.NEGATIVE_INFINITY);
        Tensor part = memory.apply(1, sums.length);
        for (Tensor z : parts) {
            kernels.gradients().softmaxSums(part, null, z);
            for (int n = 0; n < sums.length; n++) {
                double a = Math.max(sums[n], part.get(n));
                double b = Math.min(sums[n], part.get(n));
                sums[n] = Double.isInfinite(a) ? a : a + Math.log1p(Math.exp(b - a));
            }
        }
        return sums;
    }

    private static double[] column(Tensor statistics, int column) {
        double[] numbers = new double[statistics.rows()];
        for (int n = 0; n < numbers.length; n++) {
            numbers[n] = statistics.get((long) STATISTICS * n + column);
        }
        return numbers;
    }

    /// The softmax of one part at a time.
    private final class Probabilities {
        private final Tensor[] logits;
        private final Tensor logSums;
        private final Tensor ones;
        private final Tensor zeros;
        private final Tensor tile;

        Probabilities(Tensor[] logits, double[] logSumExps) {
            this.logits = logits;
            int rows = logSumExps.length;
            logSums = memory.apply(1, rows);
            ones = memory.apply(1, rows);
            zeros = memory.apply(1, rows);
            for (int n = 0; n < rows; n++) {
                logSums.set(n, (float) logSumExps[n]);
                ones.set(n, 1);
            }
            zeros.zero();
            tile = memory.apply(rows, logits[0].cols());
        }

        Tensor of(int part) {
            GradientKernels gradients = kernels.gradients();
            Tensor z = logits[part];
            Tensor p = TileViews.matrix(tile, z.rows(), z.cols());
            gradients.softmaxBackward(p, z, logSums, ones, zeros, false);
            return p;
        }
    }
}
