package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The rows that a convolution over time multiplies: `y[t, c·k + j] = x[s·t - p + d·j, c]`, zeros outside, `[T, C]` to
/// `[T', C·k]` with `T' = ⌊(T + p + q - d(k - 1) - 1) / s⌋ + 1`.
/// https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
///
/// @param taps the kernel and its places
public record UnfoldedRows(Tensor x, Taps taps) implements UnaryOperation, Operation.ReadsNothing {
    /// A kernel over time.
    ///
    /// @param kernel k, the number of places that an output reads
    /// @param stride s, places from one output to the next
    /// @param dilation d, places from one tap to the next
    /// @param before p, zeros before the first place
    /// @param after q, zeros after the last
    public record Taps(int kernel, int stride, int dilation, int before, int after) {
        public Taps {
            if (kernel < 1 || stride < 1 || dilation < 1) {
                throw new IllegalArgumentException("a convolution of " + kernel + " taps at each " + stride
                        + " places, " + dilation + " apart; expected at least 1");
            }
        }

        /// The number of outputs of T places; 0 if there are fewer places than the taps span.
        public int outputs(int places) {
            return Math.max(0, (places + before + after - dilation * (kernel - 1) - 1 + stride) / stride);
        }

        /// Sums y, the rows of outputs, into x: `x[s·t - p + d·j, c] += y[t, c·k + j]`. Threads share the channels, so
        /// that each sum has a fixed order.
        private void add(Workers workers, Tensor y, Tensor x) {
            int width = x.cols();
            MemorySegment from = y.memory();
            MemorySegment to = x.memory();
            Ranges.run(workers, width, 2L * y.rows() * kernel, (first, end) -> {
                for (int t = 0; t < y.rows(); t++) {
                    for (int j = 0; j < kernel; j++) {
                        int row = t * stride - before + j * dilation;
                        for (int c = first; row >= 0 && row < x.rows() && c < end; c++) {
                            long at = (long) row * width + c;
                            to.setAtIndex(ValueLayout.JAVA_FLOAT, at, to.getAtIndex(ValueLayout.JAVA_FLOAT, at)
                                    + from.getAtIndex(ValueLayout.JAVA_FLOAT, ((long) t * width + c) * kernel + j));
                        }
                    }
                }
            });
        }

        /// Takes the rows of outputs from x.
        ///
        /// @param adds whether to add to y
        private void take(Workers workers, Tensor x, Tensor y, boolean adds) {
            MemorySegment from = x.memory();
            MemorySegment to = y.memory();
            int width = x.cols();
            Ranges.run(workers, y.rows(), y.cols(), (first, end) -> {
                for (int t = first; t < end; t++) {
                    for (int j = 0; j < kernel; j++) {
                        int row = t * stride - before + j * dilation;
                        boolean isInside = row >= 0 && row < x.rows();
                        for (int c = 0; c < width; c++) {
                            long at = ((long) t * width + c) * kernel + j;
                            float value = isInside
                                    ? from.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * width + c) : 0;
                            to.setAtIndex(ValueLayout.JAVA_FLOAT, at, adds
                                    ? value + to.getAtIndex(ValueLayout.JAVA_FLOAT, at) : value);
                        }
                    }
                }
            });
        }
    }

    public UnfoldedRows {
        Compute.require(taps.outputs(x.rows()) > 0, "unfolded rows", x, taps);
    }

    /// A kernel without dilation, with the same number of zeros on both sides.
    public UnfoldedRows(Tensor x, int kernel, int stride, int padding) {
        this(x, new Taps(kernel, stride, 1, padding, padding));
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(taps.outputs(x.rows()), x.cols() * taps.kernel);
        taps.take(ops.kernels().workers(), x, y, false);
        return y;
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        taps.add(tape.kernels().workers(), tape.gradient(y), tape.gradient(x));
    }

    /// The reverse, the last step of a transposed convolution: `y[s·t - p + d·j, c] = Σ x[t, c·k + j]`, what falls
    /// outside is left out, `[T, C·k]` to `[T', C]` with `T' = s(T - 1) + d(k - 1) + 1 - p - q`. So p and q places are
    /// cut from the ends. https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html
    public record Summed(Tensor x, Taps taps) implements UnaryOperation, Operation.ReadsNothing {
        public Summed {
            Compute.require(x.cols() % taps.kernel == 0 && places(x, taps) > 0, "summed taps", x, taps);
        }

        private static int places(Tensor x, Taps taps) {
            return taps.stride * (x.rows() - 1) + taps.dilation * (taps.kernel - 1) + 1 - taps.before - taps.after;
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(places(x, taps), x.cols() / taps.kernel);
            y.zero();
            taps.add(ops.kernels().workers(), x, y);
            return y;
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            taps.take(tape.kernels().workers(), tape.gradient(y), tape.gradient(x), true);
        }
    }
}
