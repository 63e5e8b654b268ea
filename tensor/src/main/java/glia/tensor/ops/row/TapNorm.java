package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;

/// Weight normalization of a convolution by its taps: `y[o, c·k + j] = g[j] · v[o, c·k + j] / |v[:, :, j]|`.
/// https://arxiv.org/abs/1602.07868
///
/// @param v `[O, C·k]`
/// @param g `[1, k]`
public record TapNorm(Tensor v, Tensor g) implements Operation.ReadsInputs {
    public TapNorm {
        Compute.require(g.rows() == 1 && g.cols() > 0 && v.cols() % g.cols() == 0, "weight norm", v, g);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(v.rows(), v.cols());
        double[] lengths = products(v);
        for (long i = 0; i < v.size(); i++) {
            int j = (int) (i % g.cols());
            y.set(i, (float) (g.get(j) * (v.get(i) / Math.sqrt(lengths[j]))));
        }
        return y;
    }

    /// For each tap, the dot product of v and another matrix.
    private double[] products(Tensor other) {
        double[] sums = new double[g.cols()];
        for (long i = 0; i < v.size(); i++) {
            sums[(int) (i % sums.length)] += (double) v.get(i) * other.get(i);
        }
        return sums;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(v, g);
    }

    /// `dg = dy·v / |v|`, `dv += g / |v| · (dy - v (dy·v) / |v|²)` in each tap.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        Tensor dv = tape.gradient(v);
        Tensor dg = tape.gradient(g);
        double[] squares = products(v);
        double[] along = products(dy);
        for (int j = 0; dg != null && j < along.length; j++) {
            dg.set(j, dg.get(j) + (float) (along[j] / Math.sqrt(squares[j])));
        }
        for (long i = 0; dv != null && i < v.size(); i++) {
            int j = (int) (i % along.length);
            double d = dy.get(i) - v.get(i) * along[j] / squares[j];
            dv.set(i, dv.get(i) + (float) (g.get(j) / Math.sqrt(squares[j]) * d));
        }
    }
}
