package glia.kernels.gradient;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AdamStep;
import glia.tensor.kernel.GradientKernels;
import glia.tensor.kernel.Workers;
import java.util.function.Supplier;

/// Row-wise gradients on all threads, with the inner loops of a backend. Each call checks sizes and types, since the
/// inner loops work on addresses. Results do not depend on the number of threads. Allocates nothing once scratch memory
/// has grown to the largest shapes.
public final class RowGradients implements GradientKernels {
    private final NormGradient norms;
    private final ActivationGradient activations;
    private final SumRows total;
    private final ScatterAdd scatter;
    private final SoftmaxRows softmax;
    private final AdamUpdate adam;
    private final SquareSum squares;
    private final Zero zero;
    private final RoundToBf16 rounding;

    /// @param steps creates the inner loops of one thread
    public RowGradients(Workers workers, Supplier<RowSteps> steps) {
        RowSteps[] each = new RowSteps[workers.count()];
        for (int i = 0; i < each.length; i++) {
            each[i] = steps.get();
        }
        norms = new NormGradient(workers, each);
        activations = new ActivationGradient(workers, each);
        total = new SumRows(workers, each);
        scatter = new ScatterAdd(workers, each);
        softmax = new SoftmaxRows(workers, each);
        adam = new AdamUpdate(workers, each);
        squares = new SquareSum(workers, each);
        zero = new Zero(workers);
        rounding = new RoundToBf16(workers, each);
    }

    @Override
    public void rmsNormBackward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps, float offset) {
        norms.run(dx, dw, dy, x, w, eps, offset, false);
    }

    @Override
    public void layerNormBackward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps) {
        norms.run(dx, dw, dy, x, w, eps, 0, true);
    }

    @Override
    public void gatedBackward(Tensor dgate, Tensor dup, Tensor dy, Tensor gate, Tensor up, Activation f) {
        activations.gated(dgate, dup, dy, gate, up, f);
    }

    @Override
    public void activateBackward(Tensor dx, Tensor dy, Tensor x, Activation f) {
        activations.activate(dx, dy, x, f);
    }

    @Override
    public void sumRows(Tensor sum, Tensor x) {
        total.run(sum, x);
    }

    @Override
    public void scatterAdd(Tensor y, Tensor x, int[] ids, int count, int frozenRow) {
        scatter.run(y, x, ids, count, frozenRow);
    }

    @Override
    public void softmaxSums(Tensor logSumExp, Tensor entropy, Tensor z) {
        softmax.sums(logSumExp, entropy, z);
    }

    @Override
    public void softmaxBackward(Tensor dz, Tensor z, Tensor logSumExp, Tensor a, Tensor b, boolean add) {
        softmax.backward(dz, z, logSumExp, a, b, add);
    }

    @Override
    public void adam(Tensor w, Tensor m, Tensor v, Tensor g, AdamStep step) {
        adam.run(w, m, v, g, step);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        return squares.run(x);
    }

    @Override
    public void zero(Tensor x) {
        zero.run(x);
    }

    @Override
    public void roundToBf16(Tensor x) {
        rounding.run(x);
    }
}
