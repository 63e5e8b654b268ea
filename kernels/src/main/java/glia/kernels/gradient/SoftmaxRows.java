package glia.kernels.gradient;

import glia.kernels.gradient.RowGradients.Checks;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Log-sum-exp, entropy and gradients of the softmax of each row.
final class SoftmaxRows extends RangeTask {
    private final RowSteps[] steps;
    private int cols;
    private long z;
    private long logSumExp;
    private long entropy;
    private long dz;
    private long a;
    private long b;
    private boolean add;

    SoftmaxRows(Workers workers, RowSteps[] steps) {
        super(workers);
        this.steps = steps;
    }

    void sums(Tensor logSumExp, Tensor entropy, Tensor z) {
        Checks.numberForEachRow(z, entropy == null ? logSumExp : entropy);
        this.entropy = entropy == null ? 0 : entropy.address();
        dz = 0;
        run(z, logSumExp);
    }

    void backward(Tensor dz, Tensor z, Tensor logSumExp, Tensor a, Tensor b, boolean add) {
        Checks.sameSize(z, dz, dz);
        Checks.numberForEachRow(z, a);
        Checks.numberForEachRow(z, b);
        this.dz = dz.address();
        this.a = a.address();
        this.b = b.address();
        this.add = add;
        run(z, logSumExp);
    }

    private void run(Tensor z, Tensor logSumExp) {
        Checks.numberForEachRow(z, logSumExp);
        this.z = z.address();
        this.logSumExp = logSumExp.address();
        cols = z.cols();
        distribute(z.rows(), 4L * cols);
    }

    @Override
    protected void range(int from, int to, int worker) {
        for (int row = from; row < to; row++) {
            if (dz == 0) {
                sums(steps[worker], row);
            } else {
                gradients(steps[worker], row);
            }
        }
    }

    private int count(int i) {
        return Math.min(RowSteps.MAX, cols - i);
    }

    private void sums(RowSteps step, int row) {
        long x = z + 4L * row * cols;
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < cols; i += RowSteps.MAX) {
            largest = Math.max(largest, step.largest(x + 4L * i, count(i)));
        }
        double exponentials = 0;
        for (int i = 0; i < cols && Float.isFinite(largest); i += RowSteps.MAX) {
            exponentials += step.exponentials(x + 4L * i, count(i), largest);
        }
        float sum = Float.isFinite(largest) ? (float) (largest + Math.log(exponentials))
                : hasNaN(x) ? Float.NaN : largest;
        Memory.f32(logSumExp + 4L * row, sum);
        if (entropy != 0) {
            double products = 0;
            for (int i = 0; i < cols && Float.isFinite(largest); i += RowSteps.MAX) {
                products += step.products(x + 4L * i, count(i), largest);
            }
            Memory.f32(entropy + 4L * row, (float) (Math.log(exponentials) - products / exponentials));
        }
    }

    private boolean hasNaN(long x) {
        for (int i = 0; i < cols; i++) {
            if (Float.isNaN(Memory.f32(x + 4L * i))) {
                return true;
            }
        }
        return false;
    }

    private void gradients(RowSteps step, int row) {
        long x = z + 4L * row * cols;
        long to = dz + 4L * row * cols;
        float shift = Memory.f32(logSumExp + 4L * row);
        float constant = Memory.f32(a + 4L * row);
        float factor = Memory.f32(b + 4L * row);
        for (int i = 0; i < cols; i += RowSteps.MAX) {
            step.softmaxGradients(to + 4L * i, x + 4L * i, count(i), shift, constant, factor, add);
        }
    }
}
