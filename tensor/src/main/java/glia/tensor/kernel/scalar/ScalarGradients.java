package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AdamStep;
import glia.tensor.kernel.GradientKernels;
import glia.tensor.kernel.Workers;

/// The row-wise gradients as plain loops with F64 sums: the definition that other backends are tested against.
final class ScalarGradients implements GradientKernels {
    private final NormBackward normBackward;
    private final PointwiseBackward pointwiseBackward;
    private final RowSums rowSums;
    private final Softmax softmax;
    private final Adam adam;

    ScalarGradients(Workers workers) {
        normBackward = new NormBackward(workers);
        pointwiseBackward = new PointwiseBackward(workers);
        rowSums = new RowSums(workers);
        softmax = new Softmax(workers);
        adam = new Adam(workers);
    }

    @Override
    public void rmsNormBackward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps, float offset) {
        normBackward.rms(dx, dw, dy, x, w, eps, offset);
    }

    @Override
    public void layerNormBackward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps) {
        normBackward.layer(dx, dw, dy, x, w, eps);
    }

    @Override
    public void gatedBackward(Tensor dgate, Tensor dup, Tensor dy, Tensor gate, Tensor up, Activation f) {
        pointwiseBackward.gated(dgate, dup, dy, gate, up, f);
    }

    @Override
    public void activateBackward(Tensor dx, Tensor dy, Tensor x, Activation f) {
        pointwiseBackward.activate(dx, dy, x, f);
    }

    @Override
    public void sumRows(Tensor sum, Tensor x) {
        rowSums.sum(sum, x);
    }

    @Override
    public void scatterAdd(Tensor y, Tensor x, int[] ids, int count, int frozenRow) {
        rowSums.scatterAdd(y, x, ids, count, frozenRow);
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
        assert x.dtype() == DType.F32;
        double sum = 0;
        for (long i = 0; i < x.size(); i++) {
            sum += (double) x.get(i) * x.get(i);
        }
        return sum;
    }

    @Override
    public void zero(Tensor x) {
        x.zero();
    }

    @Override
    public void roundToBf16(Tensor x) {
        for (long i = 0; i < x.size(); i++) {
            int bits = Float.floatToRawIntBits(x.get(i));
            boolean isNaN = (bits & Integer.MAX_VALUE) > 0x7f80_0000;
            int rounded = isNaN ? bits | 0x40_0000 : bits + 0x7fff + (bits >>> 16 & 1);
            x.set(i, Float.intBitsToFloat(rounded & 0xffff_0000));
        }
        x.changed();
    }
}
