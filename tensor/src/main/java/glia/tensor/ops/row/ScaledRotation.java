package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// RoPE of neighboring pairs with learned factors of the frequencies: the pair i of the first dimensions of each group
/// of columns turns by `position · frequency_i · exp(a_i)` (https://arxiv.org/abs/2104.09864).
///
/// @param x `[N, G·size]`
/// @param size the columns of a group, such as a head
/// @param a `[P]`, for the 2·P first columns of each group
/// @param frequencies P of them
/// @param factor of cosines and sines
/// @param positions one for each row
public record ScaledRotation(Tensor x, int size, Weight a, float[] frequencies, float factor, int[] positions)
        implements Operation.Rounded {
    public ScaledRotation {
        Compute.require(size > 0 && x.cols() % size == 0 && 2 * frequencies.length <= size
                && Compute.stored(a).size() == frequencies.length && positions.length >= x.rows(), "rotation", x,
                Compute.stored(a));
    }

    @Override
    public Operation owned() {
        return new ScaledRotation(x, size, a, frequencies, factor, positions.clone());
    }

    /// The angle of each pair at position 1.
    private double[] angles() {
        double[] angles = new double[frequencies.length];
        for (int i = 0; i < angles.length; i++) {
            angles[i] = frequencies[i] * Math.exp(Compute.stored(a).get(i));
        }
        return angles;
    }

    /// Receives the first column of a pair in memory, the pair and its angle.
    private interface OfPair {
        void turn(long at, int pair, double angle);
    }

    private void each(int from, int to, double[] angles, OfPair work) {
        for (int n = from; n < to; n++) {
            for (int pair = 0; pair < angles.length; pair++) {
                double angle = positions[n] * angles[pair];
                for (long at = (long) n * x.cols() + 2L * pair; at < (n + 1L) * x.cols(); at += size) {
                    work.turn(at, pair, angle);
                }
            }
        }
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        y.copyFrom(x);
        double[] angles = angles();
        Ranges.run(ops.kernels().workers(), x.rows(), 20L * x.cols(), (from, to) ->
                each(from, to, angles, (at, pair, angle) -> {
                    double c = factor * Math.cos(angle);
                    double s = factor * Math.sin(angle);
                    y.set(at, (float) (x.get(at) * c - x.get(at + 1) * s));
                    y.set(at + 1, (float) (x.get(at + 1) * c + x.get(at) * s));
                }));
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(a);
    }

    /// With the angle θ of a pair (u, v) of y, `∂u/∂θ = -v` and `∂v/∂θ = u`, and `∂θ/∂a = θ`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        double[] angles = angles();
        int rotated = 2 * frequencies.length;
        Ranges.run(tape.kernels().workers(), x.rows(), 20L * x.cols(), (from, to) -> {
            for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                if (i % size >= rotated) {
                    dx.set(i, dx.get(i) + dy.get(i));
                }
            }
            each(from, to, angles, (at, pair, angle) -> {
                double c = factor * Math.cos(angle);
                double s = factor * Math.sin(angle);
                dx.set(at, dx.get(at) + (float) (dy.get(at) * c + dy.get(at + 1) * s));
                dx.set(at + 1, dx.get(at + 1) + (float) (dy.get(at + 1) * c - dy.get(at) * s));
            });
        });
        if (tape.needs(a)) {
            double[] sums = new double[angles.length];
            each(0, x.rows(), angles, (at, pair, angle) -> sums[pair] += angle
                    * ((double) dy.get(at + 1) * y.get(at) - (double) dy.get(at) * y.get(at + 1)));
            Tensor da = tape.gradient(a);
            for (int i = 0; i < sums.length; i++) {
                da.set(i, da.get(i) + (float) sums[i]);
            }
        }
    }
}
