package glia.tensor.ops.expert;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;

/// The weighted sum of a token's choices: `y[n] = Σ_j w[n,j] · x[n,j]`.
///
/// @param x `[N, k·D]`
/// @param w `[N, k]`
public record ChoiceSum(Tensor x, Tensor w) implements Operation.ReadsInputs {
    public ChoiceSum {
        Compute.require(x.rows() == w.rows() && w.cols() > 0 && x.cols() % w.cols() == 0, "sum of choices", x, w);
    }

    @Override
    public Tensor forward(Compute ops) {
        int cols = x.cols() / w.cols();
        Tensor y = ops.allocate(x.rows(), cols);
        y.zero();
        Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
            for (long choice = (long) from * w.cols(); choice < (long) to * w.cols(); choice++) {
                long into = choice / w.cols() * cols;
                float factor = w.get(choice);
                for (int i = 0; i < cols; i++) {
                    y.set(into + i, y.get(into + i) + factor * x.get(choice * cols + i));
                }
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x, w);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        int cols = y.cols();
        Tensor dx = tape.gradient(x);
        Tensor dw = tape.gradient(w);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
            for (long choice = (long) from * w.cols(); choice < (long) to * w.cols(); choice++) {
                long at = choice / w.cols() * cols;
                float factor = w.get(choice);
                double dot = 0;
                for (int i = 0; i < cols; i++) {
                    dot += (double) dy.get(at + i) * x.get(choice * cols + i);
                    dx.set(choice * cols + i, dx.get(choice * cols + i) + factor * dy.get(at + i));
                }
                dw.set(choice, dw.get(choice) + (float) dot);
            }
        });
    }
}
