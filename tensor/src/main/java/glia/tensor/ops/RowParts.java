package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/// Eight parts of the rows of a residual stream, of which each of 1, 2, 4 or 8 ranks has as many in a row (sequence
/// parallelism, https://arxiv.org/abs/2205.05198). Norms, dropout and sums are computed on a rank's rows alone.
public record RowParts(RankGroup ranks) {
    /// All rows on each rank.
    public static final RowParts ALL = new RowParts(RankGroup.ONE);

    private int parts() {
        return TreeProduct.PARTS / ranks.size();
    }

    /// The first row of a rank.
    ///
    /// @param count of rows of all ranks
    private int start(int count, int rank) {
        return TreeProduct.start(count, rank * parts());
    }

    /// The first row of this rank.
    public int first(int count) {
        return start(count, ranks.rank());
    }

    /// The number of rows of this rank.
    ///
    /// @throws IllegalArgumentException if a rank would have none
    public int own(int count) {
        if (ranks.size() > 1 && count < ranks.size()) {
            throw new IllegalArgumentException(count + " tokens cannot be divided among " + ranks.size()
                    + " ranks; give more of them, or leave parallel.sequence out");
        }
        return start(count, ranks.rank() + 1) - first(count);
    }

    /// This rank's rows.
    Tensor own(Tensor all) {
        return all.rows(first(all.rows()), first(all.rows()) + own(all.rows()));
    }

    /// The rows of each rank.
    List<MemorySegment> slices(Tensor all) {
        return IntStream.range(0, ranks.size()).mapToObj(r -> all.rows(start(all.rows(), r),
                start(all.rows(), r + 1)).memory()).toList();
    }

    /// The rows of all ranks, given this rank's.
    Tensor all(Tape tape, Tensor own, int count) {
        if (ranks.size() == 1) {
            return own;
        }
        Tensor all = tape.scratch(count, own.cols());
        own(all).copyFrom(own);
        gather(all);
        return all;
    }

    private void gather(Tensor all) {
        ranks.allGather(slices(all));
        all.changed();
    }

    /// This rank's rows of what all ranks have, which goes on with the whole gradient. Each of P ranks sends
    /// `(P - 1)/P` of it in the backward pass.
    public record Own(Tensor x, RowParts of) implements Operation.ReadsNothing {
        @Override
        public Tensor forward(Compute ops) {
            Tensor own = of.own(x);
            Tensor y = ops.allocate(own.rows(), x.cols());
            y.copyFrom(own);
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.add(x, of.all(tape, tape.gradient(y), x.rows()), 1);
        }
    }

    /// The rows of all ranks, of which each of P ranks sends `(P - 1)/P`. Of the gradient a rank reads its own rows
    /// alone.
    public record All(Tensor x, int count, RowParts of) implements Operation.ReadsNothing {
        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(count, x.cols());
            of.own(y).copyFrom(x);
            of.gather(y);
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.add(x, of.own(tape.gradient(y)), 1);
        }
    }

    /// An operation on rows of the stream, whose weights have gradients that are added over parts and ranks
    /// (`TreeSum`): each of P ranks sends `2 · (P - 1)/P · 4` bytes for each of their elements.
    ///
    /// @param same the operation on other rows
    /// @param count of rows of all ranks
    public record Weighted(Operation operation, Tensor x, Function<Tensor, Operation> same, RowParts of, int count)
            implements Operation {
        @Override
        public Tensor forward(Compute ops) {
            return operation.forward(ops);
        }

        @Override
        public void inputs(Inputs inputs) {
            operation.inputs(inputs);
        }

        @Override
        public boolean roundsToBf16() {
            return operation.roundsToBf16();
        }

        @Override
        public Reads backwardReads() {
            return operation.backwardReads();
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Map<Weight, Tensor[]> sums = new LinkedHashMap<>();
            int own = of.parts();
            for (int i = 0; i < own; i++) {
                int from = TreeProduct.start(count, of.ranks.rank() * own + i) - of.first(count);
                int to = TreeProduct.start(count, of.ranks.rank() * own + i + 1) - of.first(count);
                if (to == from) {
                    continue;
                }
                Part part = new Part(tape, x, y, from, to, i, own, sums);
                same.apply(part.x).backward(part, part.y);
            }
            sums.forEach((w, parts) -> {
                new TreeSum(of.ranks, false).add(tape.kernels(), tape::scratch, parts);
                Tensor dw = tape.gradient(w);
                tape.kernels().add(dw, dw, parts[0].view(0, DType.F32, dw.shape()), 1);
            });
        }
    }

    /// Some rows of an operation, with gradients of weights for themselves.
    private static final class Part implements Tape {
        private final Tape all;
        private final Tensor x;
        private final Tensor y;
        private final Tensor wholeX;
        private final Tensor wholeY;
        private final int from;
        private final int to;
        private final int index;
        private final int count;
        private final Map<Weight, Tensor[]> sums;

        Part(Tape all, Tensor x, Tensor y, int from, int to, int index, int count, Map<Weight, Tensor[]> sums) {
            this.all = all;
            this.x = x.rows(from, to);
            this.y = y.rows(from, to);
            this.wholeX = x;
            this.wholeY = y;
            this.from = from;
            this.to = to;
            this.index = index;
            this.count = count;
            this.sums = sums;
        }

        private Tensor whole(Tensor part) {
            return part == x ? wholeX : part == y ? wholeY : part;
        }

        @Override
        public boolean needs(Tensor activation) {
            return all.needs(whole(activation));
        }

        @Override
        public boolean needs(Weight weight) {
            return all.needs(weight);
        }

        @Override
        public Tensor gradient(Tensor activation) {
            return all.gradient(whole(activation)).rows(from, to);
        }

        @Override
        public Tensor gradient(Weight weight) {
            if (!all.needs(weight)) {
                return all.gradient(weight);
            }
            Tensor[] parts = sums.computeIfAbsent(weight, w -> {
                Tensor[] zeros = new Tensor[count];
                for (int i = 0; i < count; i++) {
                    zeros[i] = all.scratch(1, Math.toIntExact(w.size()));
                    zeros[i].zero();
                }
                return zeros;
            });
            return parts[index].view(0, DType.F32, weight.shape());
        }

        @Override
        public void add(Tensor activation, Tensor d, float scale) {
            if (needs(activation)) {
                Tensor dx = gradient(activation);
                all.kernels().add(dx, dx, d, scale);
            }
        }

        @Override
        public Tensor scratch(int rows, int cols) {
            return all.scratch(rows, cols);
        }

        @Override
        public WeightProducts products() {
            return all.products();
        }

        @Override
        public Kernels kernels() {
            return all.kernels();
        }
    }
}
