package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Log-sum-exp, entropy and gradients of the softmax of each row, in F64.
final class Softmax extends RangeTask {
    private Tensor z;
    private Tensor logSumExp;
    private Tensor entropy;
    private Tensor dz;
    private Tensor a;
    private Tensor b;
    private boolean add;

    Softmax(Workers workers) {
        super(workers);
    }

    void sums(Tensor logSumExp, Tensor entropy, Tensor z) {
        check(z, logSumExp);
        assert entropy == null || entropy.dtype() == DType.F32 && entropy.size() == z.rows();
        this.entropy = entropy;
        dz = null;
        distribute(z.rows(), 16L * z.cols());
    }

    void backward(Tensor dz, Tensor z, Tensor logSumExp, Tensor a, Tensor b, boolean add) {
        check(z, logSumExp);
        assert dz.dtype() == DType.F32 && dz.size() == z.size();
        assert a.dtype() == DType.F32 && a.size() == z.rows() && b.dtype() == DType.F32 && b.size() == z.rows();
        this.dz = dz;
        this.a = a;
        this.b = b;
        this.add = add;
        distribute(z.rows(), 16L * z.cols());
    }

    private void check(Tensor z, Tensor logSumExp) {
        assert z.dtype() == DType.F32 && logSumExp.dtype() == DType.F32 && logSumExp.size() == z.rows();
        this.z = z;
        this.logSumExp = logSumExp;
    }

    @Override
    protected void range(int from, int to, int worker) {
        for (int row = from; row < to; row++) {
            if (dz == null) {
                sums(row);
            } else {
                gradients(row);
            }
        }
    }

    private void sums(int row) {
        float sum = Logits.logSumExp(z, row);
        Memory.f32(logSumExp.address() + 4L * row, sum);
        if (entropy == null) {
            return;
        }
        // Relative to the largest value: logarithms near 0 have the most digits.
        float largest = z.cols() == 0 ? 0 : Memory.f32(address(z, row) + 4L * Logits.argmax(z, row));
        double exponentials = 0;
        double products = 0;
        for (int v = 0; v < z.cols(); v++) {
            double distance = Memory.f32(address(z, row) + 4L * v) - (double) largest;
            if (distance != Double.NEGATIVE_INFINITY) {
                exponentials += Math.exp(distance);
                products += Math.exp(distance) * distance;
            }
        }
        Memory.f32(entropy.address() + 4L * row, (float) (Math.log(exponentials) - products / exponentials));
    }

    private void gradients(int row) {
        float shift = Memory.f32(logSumExp.address() + 4L * row);
        double constant = Memory.f32(a.address() + 4L * row);
        double factor = Memory.f32(b.address() + 4L * row);
        for (int v = 0; v < z.cols(); v++) {
            double log = (double) Memory.f32(address(z, row) + 4L * v) - shift;
            double slope = log == Double.NEGATIVE_INFINITY ? 0 : Math.exp(log) * (constant + factor * log);
            long to = address(dz, row) + 4L * v;
            Memory.f32(to, (float) (add ? Memory.f32(to) + slope : slope));
        }
    }

    private static long address(Tensor t, int row) {
        return t.address() + 4L * row * t.cols();
    }

    /// Reductions of one row of logits.
    static final class Logits {
        private Logits() { }

        static int argmax(Tensor logits, int row) {
            assert logits.dtype() == DType.F32;
            long at = logits.address() + 4L * row * logits.cols();
            int best = 0;
            float largest = Float.NaN;
            for (int i = 0; i < logits.cols(); i++) {
                float v = Memory.f32(at + 4L * i);
                if (v > largest || Float.isNaN(largest) && !Float.isNaN(v)) {
                    best = i;
                    largest = v;
                }
            }
            return best;
        }

        static float logSumExp(Tensor logits, int row) {
            assert logits.dtype() == DType.F32;
            long at = logits.address() + 4L * row * logits.cols();
            float largest = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < logits.cols(); i++) {
                largest = Math.max(largest, Memory.f32(at + 4L * i));
            }
            if (Float.isInfinite(largest)) {
                return largest;
            }
            double sum = 0;
            for (int i = 0; i < logits.cols(); i++) {
                sum += Math.exp(Memory.f32(at + 4L * i) - largest);
            }
            return (float) (largest + Math.log(sum));
        }
    }
}
