package glia.tensor.ops.logits;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;

/// `y[n,v] = z[n,v] - ln Σ_v exp z[n,v]`: all log-probabilities of some rows of logits.
public final class LogSoftmax implements Operation {
    private final Tensor z;
    private Tensor logSumExp;

    /// @param z `[N, V]`
    public LogSoftmax(Tensor z) {
        this.z = z;
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(z.rows(), z.cols());
        logSumExp = ops.allocate(1, z.rows());
        ops.kernels().gradients().softmaxSums(logSumExp, null, z);
        Ranges.run(ops.kernels().workers(), z.rows(), z.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                float sum = logSumExp.get(n);
                for (long i = (long) n * z.cols(); i < (n + 1L) * z.cols(); i++) {
                    y.set(i, z.get(i) - sum);
                }
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(z);
    }

    /// `dz[n,v] += dy[n,v] - p(v) · Σ dy[n]`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        Tensor a = tape.scratch(1, z.rows());
        Tensor b = tape.scratch(1, z.rows());
        b.zero();
        Ranges.run(tape.kernels().workers(), z.rows(), z.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                double sum = 0;
                for (long i = (long) n * z.cols(); i < (n + 1L) * z.cols(); i++) {
                    sum += dy.get(i);
                }
                a.set(n, (float) -sum);
            }
        });
        Tensor dz = tape.gradient(z);
        tape.add(z, dy, 1);
        tape.kernels().gradients().softmaxBackward(dz, z, logSumExp, a, b, true);
    }
}
