package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The rows that a convolution over time multiplies: `y[t, c·k + j] = x[s·t - p + j, c]`, zeros outside, `[T, C]` to
/// `[T', C·k]` with `T' = ⌊(T + 2p - k) / s⌋ + 1`. https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
public record UnfoldedRows(Tensor x, int kernel, int stride, int padding)
        implements UnaryOperation, Operation.ReadsNothing {
    public UnfoldedRows {
        Compute.require(kernel > 0 && stride > 0 && padding >= 0 && x.rows() + 2 * padding >= kernel, "unfolded rows",
                x, kernel);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate((x.rows() + 2 * padding - kernel) / stride + 1, x.cols() * kernel);
        MemorySegment from = x.memory();
        MemorySegment to = y.memory();
        int width = x.cols();
        Ranges.run(ops.kernels().workers(), y.rows(), y.cols(), (first, end) -> {
            for (int t = first; t < end; t++) {
                for (int j = 0; j < kernel; j++) {
                    int row = t * stride - padding + j;
                    boolean isInside = row >= 0 && row < x.rows();
                    for (int c = 0; c < width; c++) {
                        float value = isInside ? from.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * width + c) : 0;
                        to.setAtIndex(ValueLayout.JAVA_FLOAT, ((long) t * width + c) * kernel + j, value);
                    }
                }
            }
        });
        return y;
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        for (int t = 0; t < y.rows(); t++) {
            for (int j = 0; j < kernel; j++) {
                int row = t * stride - padding + j;
                for (int c = 0; row >= 0 && row < x.rows() && c < x.cols(); c++) {
                    long at = (long) row * x.cols() + c;
                    dx.set(at, dx.get(at) + dy.get(((long) t * x.cols() + c) * kernel + j));
                }
            }
        }
    }
}
