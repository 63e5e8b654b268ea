package glia.tensor.ops;

import glia.tensor.Tensor;
import java.util.Arrays;

/// The loss of `Ops.crossEntropy` as a matrix of one value. It seeds the backward pass: its own gradient is 1.
public final class CrossEntropy implements Operation {
    private final Tensor logits;
    private final int[] targets;
    private Tensor logSumExp;
    private int count;
    private double loss;

    public CrossEntropy(Tensor logits, int[] targets) {
        this.logits = logits;
        this.targets = targets;
    }

    /// The loss, once `forward` has run.
    public double loss() {
        return loss;
    }

    @Override
    public Tensor forward(Compute ops) {
        count = 0;
        double sum = 0;
        logSumExp = ops.allocate(1, logits.rows());
        ops.kernels().gradients().softmaxSums(logSumExp, null, logits);
        for (int n = 0; n < logits.rows(); n++) {
            if (targets[n] >= 0) {
                Compute.require(targets[n] < logits.cols(), "crossEntropy", logits, targets[n]);
                sum += logSumExp.get(n) - logits.get((long) n * logits.cols() + targets[n]);
                count++;
            }
        }
        if (count == 0) {
            throw new IllegalArgumentException("no row has a target among " + Arrays.toString(targets));
        }
        loss = sum / count;
        Tensor y = ops.allocate(1, 1);
        y.set(0, (float) loss);
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(logits);
    }

    /// `dlogits[n,v] += (softmax(logits[n])[v] - [v = target n]) / count`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dlogits = tape.gradient(logits);
        float share = tape.gradient(y).get(0) / count;
        Tensor a = tape.scratch(1, logits.rows());
        Tensor b = tape.scratch(1, logits.rows());
        b.zero();
        for (int n = 0; n < logits.rows(); n++) {
            a.set(n, targets[n] < 0 ? 0 : share);
        }
        tape.kernels().gradients().softmaxBackward(dlogits, logits, logSumExp, a, b, true);
        for (int n = 0; n < logits.rows(); n++) {
            if (targets[n] >= 0) {
                long at = (long) n * logits.cols() + targets[n];
                dlogits.set(at, dlogits.get(at) - share);
            }
        }
    }
}
