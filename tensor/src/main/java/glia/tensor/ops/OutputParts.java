package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// A weight whose rows, its outputs, or a bias whose elements are cut into eight parts, of which each of 1, 2, 4 or 8
/// ranks has as many. Parts are multiplied one by one, since kernels may choose by size how they add. Products need no
/// other rank; the gradients of their input are added over parts and ranks (`TreeSum`).
///
/// For N rows of an input with K columns each of P ranks sends `2 · (P - 1)/P · 4 · N · K` bytes in the backward pass
/// of all weights that are multiplied together.
public final class OutputParts {
    private final TreeSum sum;
    private final Memory memory;
    private final List<Weight.Plain> parts;

    /// Memory for the gradients of an input, those of each part. One weight at a time.
    public static final class Memory {
        private Tensor values = Tensor.allocate(Arena.ofAuto(), DType.F32, 1);

        public Memory() { }

        private Tensor[] zeros(int count, int rows, int cols) {
            long size = (long) rows * cols;
            if (values.size() < count * size) {
                values = Tensor.allocate(Arena.ofAuto(), DType.F32, count * size);
            }
            Tensor[] parts = new Tensor[count];
            for (int i = 0; i < count; i++) {
                parts[i] = values.view(4 * size * i, DType.F32, rows, cols);
                parts[i].zero();
            }
            return parts;
        }
    }

    /// @param ranks each of which has as many parts
    /// @param scatters whether a rank gets its rows of gradients alone, of an input of which all ranks have some rows
    /// @param parts this rank's, in their order
    public OutputParts(RankGroup ranks, boolean scatters, Memory memory, List<Weight.Plain> parts) {
        this.sum = new TreeSum(ranks, scatters);
        this.memory = memory;
        this.parts = List.copyOf(parts);
    }

    /// Products of one input. In the backward pass they come in reverse: the last one first.
    public static final class Together {
        private final List<OutputParts> of = new ArrayList<>();
        private Tensor[] sums = new Tensor[0];

        public Together() { }

        /// The product with the next weight, `y = x · wᵀ`.
        ///
        /// @param w this rank's rows
        public Operation add(OutputParts parts, Tensor x, Weight.Stored w) {
            of.add(parts);
            return new Linear(x, w, this, of.size() - 1);
        }
    }

    private record Linear(Tensor x, Weight.Stored w, Together together, int index) implements Operation.ReadsInputs,
            Operation.Rounded {
        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), w.rows());
            int mark = ops.mark();
            int column = 0;
            for (Weight.Plain part : together.of.get(index).parts) {
                if (part.rows() > 0) {
                    Tensor own = ops.allocate(x.rows(), part.rows());
                    ops.products().multiply(own, x, part);
                    TreeSum.copyToColumns(own, y, column);
                }
                column += part.rows();
            }
            ops.release(mark);
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(w);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            OutputParts own = together.of.get(index);
            Tensor dy = tape.gradient(y);
            if (tape.needs(x) && together.sums.length == 0) {
                together.sums = own.memory.zeros(own.parts.size(), x.rows(), x.cols());
            }
            int column = 0;
            for (int i = 0; i < own.parts.size(); i++) {
                Weight.Plain part = own.parts.get(i);
                if (part.rows() > 0) {
                    Tensor d = tape.scratch(dy.rows(), part.rows());
                    TreeSum.copyColumns(dy, column, d);
                    if (tape.needs(w)) {
                        tape.products().addOuterProducts(tape.gradient(w).rows(column, column + part.rows()), d, x,
                                part);
                    }
                    if (tape.needs(x)) {
                        tape.products().addInputGradient(together.sums[i], d, part);
                    }
                }
                column += part.rows();
            }
            if (index == 0 && tape.needs(x)) {
                own.sum.add(tape.kernels(), tape::scratch, together.sums);
                tape.add(x, together.sums[0], 1);
                together.sums = new Tensor[0];
            }
        }
    }

    /// The sum with a bias, `y = x + b`. Its gradient is added up part by part, as sums of rows may depend on the
    /// number of columns.
    public record AddBias(Tensor x, Weight.Stored b, OutputParts of) implements Operation.Rounded,
            Operation.ReadsNothing {
        @Override
        public Tensor forward(Compute ops) {
            return ops.addBias(x, b);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(b);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            int column = 0;
            for (Weight.Plain part : of.parts) {
                int count = Math.toIntExact(((Weight.Stored) part).tensor().size());
                if (count > 0 && tape.needs(b)) {
                    Tensor d = tape.scratch(y.rows(), count);
                    TreeSum.copyColumns(tape.gradient(y), column, d);
                    tape.kernels().gradients().sumRows(tape.gradient(b).view(4L * column, DType.F32, count), d);
                }
                column += count;
            }
            tape.add(x, tape.gradient(y), 1);
        }
    }
}
