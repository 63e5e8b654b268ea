package glia.tensor.ops.attention;

import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.util.Arrays;

/// Compresses blocks of m positions to one entry each, channel by channel:
/// `entry = Σ_j softmax_j(gate_j + position_j) · value_j` over the positions j of a block. Overlapping blocks have two
/// series of values: an entry takes the first of the block before and the second of its own. An entry exists from the
/// last position of its block on. Without gates an entry is the mean.
///
/// The rows `[value | gate]`, each `[N, s·E]` for s series, or the values alone, are appended to the cache. The result
/// has a row for each block that ends in the pass, in the order of `BlockEnds`.
public final class BlockPool implements Operation {
    private final Tensor rows;
    private final Weight positions;
    private final KeyValueState state;
    private final Runs runs;
    private final BlockEnds ends;
    private final boolean overlaps;
    private final boolean isGated;
    private final int series;
    private final int size;

    /// @param rows `[N, 2·s·E]`
    /// @param positions `[m, s·E]`
    /// @param overlaps whether there are two series
    public BlockPool(Tensor rows, Weight positions, KeyValueState state, Runs runs, BlockEnds ends,
            boolean overlaps) {
        Compute.require(rows.rows() == runs.numTokens() && rows.cols() == 2 * positions.cols()
                && positions.rows() == ends.blockSize(), "pooled blocks", rows, Compute.stored(positions));
        this.rows = rows;
        this.positions = positions;
        this.state = state;
        this.runs = runs;
        this.ends = ends;
        this.overlaps = overlaps;
        isGated = true;
        series = overlaps ? 2 : 1;
        size = positions.cols() / series;
    }

    /// Means of blocks.
    ///
    /// @param rows the values, `[N, E]`
    public BlockPool(Tensor rows, KeyValueState state, Runs runs, BlockEnds ends) {
        Compute.require(rows.rows() == runs.numTokens(), "pooled blocks", rows, runs.numTokens());
        this.rows = rows;
        this.positions = Weight.ABSENT;
        this.state = state;
        this.runs = runs;
        this.ends = ends;
        overlaps = false;
        isGated = false;
        series = 1;
        size = rows.cols();
    }

    /// The positions that an entry is made of: one or two blocks.
    private int span(int entry) {
        boolean isFirst = ends.position(entry) < ends.blockSize();
        return overlaps && !isFirst ? 2 * ends.blockSize() : ends.blockSize();
    }

    /// The column of channel 0 of the series that place i of a span has.
    private int column(int span, int i) {
        return overlaps && i >= span - ends.blockSize() ? size : 0;
    }

    @Override
    public Tensor forward(Compute ops) {
        KeyValues[] sequences = state.append(rows, rows, runs);
        Tensor y = ops.allocate(ends.count(), size);
        float[] offsets = isGated ? ChannelBlocks.numbers(positions) : new float[0];
        int mark = ops.mark();
        Tensor loaded = ops.allocate(2 * ends.blockSize(), rows.cols());
        for (int entry = 0; entry < ends.count(); entry++) {
            int at = entry;
            int span = span(entry);
            Tensor block = loaded.rows(0, span);
            ops.kernels().loadKeys(block, sequences[ends.run(entry)], ends.position(entry) - span + 1);
            Ranges.run(ops.kernels().workers(), size, 20L * span, (from, to) -> {
                double[] p = new double[span];
                for (int c = from; c < to; c++) {
                    softmax(block, 0, c, offsets, p);
                    double sum = 0;
                    for (int i = 0; i < span; i++) {
                        sum += p[i] * block.get((long) i * block.cols() + column(span, i) + c);
                    }
                    y.set((long) at * size + c, (float) sum);
                }
            });
        }
        ops.release(mark);
        return y;
    }

    /// The shares of a span's places in channel c.
    ///
    /// @param first the row of the span's first position in `from`
    private void softmax(Tensor from, int first, int c, float[] offsets, double[] p) {
        int span = p.length;
        if (!isGated) {
            Arrays.fill(p, 1.0 / span);
            return;
        }
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < span; i++) {
            int column = column(span, i) + c;
            p[i] = from.get((long) (first + i) * from.cols() + series * size + column)
                    + offsets[i % ends.blockSize() * series * size + column];
            largest = Math.max(largest, p[i]);
        }
        double sum = 0;
        for (int i = 0; i < span; i++) {
            p[i] = Math.exp(p[i] - largest);
            sum += p[i];
        }
        for (int i = 0; i < span; i++) {
            p[i] /= sum;
        }
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(rows);
        if (isGated) {
            inputs.weights(positions);
        }
    }

    @Override
    public Operation owned() {
        return isGated ? new BlockPool(rows, positions, state, runs.frozen(), ends, overlaps)
                : new BlockPool(rows, state, runs.frozen(), ends);
    }

    /// Of full sequences. `dvalue_j += p_j · dy`, `dgate_j += p_j · (value_j - y) · dy`, which the positions get too.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        Tensor drows = tape.gradient(rows);
        Tensor dpositions = isGated ? tape.gradient(positions) : dy;
        float[] offsets = isGated ? ChannelBlocks.numbers(positions) : new float[0];
        Ranges.run(tape.kernels().workers(), size, 40L * ends.count() * ends.blockSize(), (from, to) -> {
            for (int c = from; c < to; c++) {
                for (int entry = 0; entry < ends.count(); entry++) {
                    double[] p = new double[span(entry)];
                    int first = ends.row(entry) - p.length + 1;
                    softmax(rows, first, c, offsets, p);
                    double d = dy.get((long) entry * size + c);
                    for (int i = 0; i < p.length; i++) {
                        int column = column(p.length, i) + c;
                        long value = (long) (first + i) * rows.cols() + column;
                        drows.set(value, drows.get(value) + (float) (p[i] * d));
                        if (!isGated) {
                            continue;
                        }
                        double dgate = p[i] * (rows.get(value) - y.get((long) entry * size + c)) * d;
                        add(drows, value + series * size, dgate);
                        add(dpositions, (long) (i % ends.blockSize()) * series * size + column, dgate);
                    }
                }
            }
        });
    }

    private static void add(Tensor t, long at, double d) {
        t.set(at, t.get(at) + (float) d);
    }

    /// The last positions of blocks of `blockSize` positions among the tokens of a pass. Immutable.
    public static final class BlockEnds {
        private final int blockSize;
        private final int[] rows;
        private final int[] positions;
        private final int[] runOf;

        public BlockEnds(Runs runs, int blockSize) {
            this.blockSize = blockSize;
            int[] found = new int[runs.numTokens()];
            int[] at = new int[found.length];
            int[] in = new int[found.length];
            int count = 0;
            for (int run = 0; run < runs.count(); run++) {
                for (int n = runs.start(run); n < runs.end(run); n++) {
                    int position = runs.position(run) + n - runs.start(run);
                    if ((position + 1) % blockSize == 0) {
                        found[count] = n;
                        at[count] = position;
                        in[count++] = run;
                    }
                }
            }
            rows = Arrays.copyOf(found, count);
            positions = Arrays.copyOf(at, count);
            runOf = Arrays.copyOf(in, count);
        }

        public int blockSize() {
            return blockSize;
        }

        /// The number of blocks that end in the pass.
        public int count() {
            return rows.length;
        }

        /// The rows of the ends in the pass.
        public int[] rows() {
            return rows.clone();
        }

        /// The row of an end in the pass.
        public int row(int entry) {
            return rows[entry];
        }

        /// The position of an end in its sequence.
        public int position(int entry) {
            return positions[entry];
        }

        int run(int entry) {
            return runOf[entry];
        }

        /// A run for each block, at the block's first position.
        public Runs starts() {
            Runs starts = new Runs();
            for (int position : positions) {
                starts.add(1, position + 1 - blockSize);
            }
            return starts;
        }
    }
}
