package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// A learned factor of each head that grows with the position, so that the softmax stays sharp over many keys:
/// `y[n,h] = (s_h · ln(position_n + 1) + b_h) · x[n,h]`. https://arxiv.org/abs/2501.19399
///
/// @param x `[N, H·E]`
/// @param scale s, `[H]`
/// @param bias b, `[H]`
/// @param positions one for each row
public record PositionScale(Tensor x, Weight scale, Weight bias, int[] positions)
        implements Operation.Rounded, Operation.ReadsInputs {
    public PositionScale {
        long heads = Compute.stored(scale).size();
        Compute.require(heads > 0 && x.cols() % heads == 0 && Compute.stored(bias).size() == heads
                && positions.length >= x.rows(), "scale by position", x, Compute.stored(scale));
    }

    @Override
    public Operation owned() {
        return new PositionScale(x, scale, bias, positions.clone());
    }

    private int heads() {
        return Math.toIntExact(Compute.stored(scale).size());
    }

    private float factor(int n, int head) {
        return (float) (Compute.stored(scale).get(head) * Math.log(positions[n] + 1.0)
                + Compute.stored(bias).get(head));
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        int size = x.cols() / heads();
        Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                for (int head = 0; head < heads(); head++) {
                    float factor = factor(n, head);
                    long at = (long) n * x.cols() + (long) head * size;
                    for (long i = at; i < at + size; i++) {
                        y.set(i, factor * x.get(i));
                    }
                }
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(scale, bias);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        double[] scales = new double[heads()];
        double[] biases = new double[heads()];
        int size = x.cols() / scales.length;
        for (int n = 0; n < x.rows(); n++) {
            for (int head = 0; head < scales.length; head++) {
                float factor = factor(n, head);
                double dot = 0;
                long at = (long) n * x.cols() + (long) head * size;
                for (long i = at; i < at + size; i++) {
                    dot += (double) dy.get(i) * x.get(i);
                    dx.set(i, dx.get(i) + factor * dy.get(i));
                }
                scales[head] += dot * Math.log(positions[n] + 1.0);
                biases[head] += dot;
            }
        }
        add(tape, scale, scales);
        add(tape, bias, biases);
    }

    private static void add(Tape tape, Weight w, double[] more) {
        if (tape.needs(w)) {
            Tensor d = tape.gradient(w);
            for (int i = 0; i < more.length; i++) {
                d.set(i, d.get(i) + (float) more[i]);
            }
        }
    }
}
