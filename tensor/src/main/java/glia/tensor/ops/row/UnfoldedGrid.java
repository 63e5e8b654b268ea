package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import java.lang.foreign.MemorySegment;

/// The rows that a convolution over frames, lines and columns multiplies. The rows of x are the places of a grid,
/// frame by frame, line by line. Row i of y holds the C channels of each of the places under the kernel, place by
/// place, zeros outside of the grid: `[N, C]` to `[to - from, K·C]`.
/// https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
///
/// @param window the grid and the kernel
/// @param from the first row of y among those of all outputs
public record UnfoldedGrid(Tensor x, Window window, int from, int to) implements UnaryOperation,
        Operation.ReadsNothing {
    /// An axis of a grid under a kernel.
    ///
    /// @param size of the grid
    /// @param before zeros before the grid
    /// @param after zeros after it
    public record Axis(int size, int kernel, int stride, int before, int after) {
        public Axis {
            if (size < 1 || kernel < 1 || stride < 1 || before < 0 || after < 0 || size + before + after < kernel) {
                throw new IllegalArgumentException("a kernel of " + kernel + " over " + size + " places with " + before
                        + " and " + after + " zeros around them, at each " + stride);
            }
        }

        /// One place alone.
        public static Axis single(int size) {
            return new Axis(size, 1, 1, 0, 0);
        }

        /// The number of outputs.
        public int outputs() {
            return (size + before + after - kernel) / stride + 1;
        }
    }

    /// The axes: frames, lines, columns.
    ///
    /// @param byColumns whether the places under the kernel are counted column by column, not line by line
    public record Window(Axis frames, Axis lines, Axis columns, boolean byColumns) {
        /// Places under the kernel line by line.
        public Window(Axis frames, Axis lines, Axis columns) {
            this(frames, lines, columns, false);
        }

        /// The number of places of the grid.
        public int places() {
            return Math.multiplyExact(frames.size, Math.multiplyExact(lines.size, columns.size));
        }

        /// The number of outputs.
        public int outputs() {
            return Math.multiplyExact(frames.outputs(), Math.multiplyExact(lines.outputs(), columns.outputs()));
        }

        /// The number of places under the kernel, K.
        public int taps() {
            return frames.kernel * lines.kernel * columns.kernel;
        }

        /// The place of the grid that output `row` reads at a place under the kernel; -1 for zeros.
        int place(int row, int tap) {
            int wide = columns.outputs();
            int high = lines.outputs();
            int inside = tap % (columns.kernel * lines.kernel);
            int t = row / wide / high * frames.stride - frames.before + tap / columns.kernel / lines.kernel;
            int y = row / wide % high * lines.stride - lines.before
                    + (byColumns ? inside % lines.kernel : inside / columns.kernel);
            int x = row % wide * columns.stride - columns.before
                    + (byColumns ? inside / lines.kernel : inside % columns.kernel);
            boolean isInside = t >= 0 && t < frames.size && y >= 0 && y < lines.size && x >= 0 && x < columns.size;
            return isInside ? (t * lines.size + y) * columns.size + x : -1;
        }
    }

    public UnfoldedGrid {
        Compute.require(x.rows() == window.places() && from >= 0 && from <= to && to <= window.outputs(),
                "unfolded grid", x, window);
    }

    /// All outputs.
    public UnfoldedGrid(Tensor x, Window window) {
        this(x, window, 0, window.outputs());
    }

    @Override
    public Tensor forward(Compute ops) {
        int taps = window.taps();
        Tensor y = ops.allocate(to - from, taps * x.cols());
        MemorySegment in = x.memory();
        MemorySegment out = y.memory();
        long bytes = x.cols() * 4L;
        Ranges.run(ops.kernels().workers(), y.rows(), y.cols(), (first, end) -> {
            for (int i = first; i < end; i++) {
                for (int tap = 0; tap < taps; tap++) {
                    int place = window.place(from + i, tap);
                    long at = ((long) i * taps + tap) * bytes;
                    if (place < 0) {
                        out.asSlice(at, bytes).fill((byte) 0);
                    } else {
                        MemorySegment.copy(in, place * bytes, out, at, bytes);
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
        int taps = window.taps();
        int width = x.cols();
        for (int i = 0; i < y.rows(); i++) {
            for (int tap = 0; tap < taps; tap++) {
                int place = window.place(from + i, tap);
                for (int c = 0; place >= 0 && c < width; c++) {
                    long at = (long) place * width + c;
                    dx.set(at, dx.get(at) + dy.get(((long) i * taps + tap) * width + c));
                }
            }
        }
    }
}
