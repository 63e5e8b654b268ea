package glia.tensor.ops.row;

import glia.tensor.Hash;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// Dropout (https://arxiv.org/abs/1207.0580): sets values to 0 with a probability and divides the others by the
/// probability to stay, `y = x · mask / (1 - rate)`. The mask is a pure function of the key and of a value's place in
/// the matrix, so it is the same when a segment is computed again, and is not stored.
///
/// @param rate the probability, a multiple of 2^-16 below 1
/// @param key 64 random bits
public record Dropout(Tensor x, float rate, long key) implements UnaryOperation, Operation.ReadsNothing {
    /// Four values share 64 bits.
    private static final int BITS = 16;

    public Dropout {
        Compute.require(rate >= 0 && rate < 1, "dropout", x, rate);
    }

    private int threshold() {
        return Math.min(Math.round(rate * (1 << BITS)), (1 << BITS) - 1);
    }

    private float factor() {
        return (1 << BITS) / (float) ((1 << BITS) - threshold());
    }

    /// Whether the value at an index stays.
    private static boolean stays(long key, long index, int threshold) {
        return (Hash.next(key, index >>> 2) >>> BITS * (int) (index & 3) & (1 << BITS) - 1) >= threshold;
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        int threshold = threshold();
        float factor = factor();
        Ranges.run(ops.kernels().workers(), x.rows(), 4L * x.cols(), (from, to) -> {
            for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                float v = Memory.f32(x.address() + 4 * i);
                Memory.f32(y.address() + 4 * i, stays(key, i, threshold) ? v * factor : 0);
            }
        });
        return y;
    }

    /// `dx += dy · mask / (1 - rate)`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        int threshold = threshold();
        float factor = factor();
        Ranges.run(tape.kernels().workers(), x.rows(), 4L * x.cols(), (from, to) -> {
            for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                if (stays(key, i, threshold)) {
                    long at = dx.address() + 4 * i;
                    Memory.f32(at, Memory.f32(at) + Memory.f32(dy.address() + 4 * i) * factor);
                }
            }
        });
    }
}
