package glia.kernels.amx;

import glia.kernels.code.IsaLevel;
import glia.kernels.code.SystemMemory;
import glia.kernels.tiled.Scratch;
import glia.kernels.tiles.Bf16x3Code;
import glia.kernels.tiles.TransposeCode;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Packs A for `AmxCode`: `[part][group][step][term][32 rows][16 pairs]`. The depth is split into parts of about equal
/// size, so that those of a panel of B stay in the L1 cache; the groups of a part are consecutive. Pairs beyond the
/// depth are 0; rows beyond the last are undefined.
final class AmxRows {
    /// Groups of dy's columns that are transposed together, so that their pairs stay in the L1 cache.
    private static final int STRIP = 4;

    private final int terms;
    private final Scratch packed = new Scratch(SystemMemory::scratch);
    private final Straight straight;
    private final Transposed transposed;
    private Tensor source;
    private int firstRow;
    private int rows;
    private int firstCol;
    private int depth;
    private long address;
    private int groups;
    private int steps;
    private int stepBytes;
    private int parts;
    private volatile boolean outside;

    /// @param terms 1 or 3, of each value
    AmxRows(Workers workers, int terms) {
        this.terms = terms;
        straight = new Straight(workers);
        transposed = new Transposed(workers);
    }

    /// Packs the A whose rows are rows of x.
    ///
    /// @param col the first column of x
    /// @return whether all values fit (`Bf16x3Code`)
    boolean straight(Tensor x, int row, int rows, int col, int depth) {
        reserve(x, row, rows, col, depth);
        straight.pack();
        source = null;
        return !outside;
    }

    /// Packs the A whose rows are columns of dy.
    ///
    /// @param col the first column of dy
    /// @return whether all values fit (`Bf16x3Code`)
    boolean transposed(Tensor dy, int row, int depth, int col, int cols) {
        reserve(dy, col, cols, row, depth);
        transposed.pack();
        source = null;
        return !outside;
    }

    private void reserve(Tensor source, int firstRow, int rows, int firstCol, int depth) {
        AmxCode code = AmxCode.of(terms);
        stepBytes = code.stepBytes();
        this.source = source;
        this.firstRow = firstRow;
        this.rows = rows;
        this.firstCol = firstCol;
        this.depth = depth;
        outside = false;
        groups = Math.ceilDiv(rows, AmxCode.ROWS);
        steps = Math.ceilDiv(depth, AmxCode.DEPTH);
        parts = Math.ceilDiv(steps, code.maxSteps());
        address = packed.reserve((long) groups * steps * stepBytes);
    }

    int groups() {
        return groups;
    }

    int rows() {
        return rows;
    }

    /// Steps of the whole depth.
    int steps() {
        return steps;
    }

    int parts() {
        return parts;
    }

    /// The first step of a part; for the part after the last, the number of steps.
    int firstStep(int part) {
        return (int) ((long) part * steps / parts);
    }

    /// The address of a group's part.
    long at(int part, int group) {
        int first = firstStep(part);
        return address + ((long) groups * first + (long) group * (firstStep(part + 1) - first)) * stepBytes;
    }

    private final class Straight extends RangeTask {
        Straight(Workers workers) {
            super(workers);
        }

        void pack() {
            distribute(groups, (long) AmxCode.ROWS * depth);
        }

        @Override
        protected void range(int from, int end, int worker) {
            Tensor x = source;
            Bf16x3Code code = Bf16x3Code.of(terms);
            boolean fits = true;
            for (int group = from; group < end; group++) {
                int first = group * AmxCode.ROWS;
                int count = Math.min(AmxCode.ROWS, rows - first);
                long numbers = x.address() + (firstRow + first) * x.rowBytes() + 4L * firstCol;
                // A part of a group stays in the L1 cache while its rows are written.
                for (int part = 0; part < parts; part++) {
                    int col = AmxCode.DEPTH * firstStep(part);
                    int cols = Math.min(depth, AmxCode.DEPTH * firstStep(part + 1)) - col;
                    long to = at(part, group);
                    for (int row = 0; row < count; row++) {
                        fits &= code.apart(to + row * AmxCode.A_ROW_BYTES, stepBytes,
                                numbers + row * x.rowBytes() + 4L * col, cols);
                    }
                }
            }
            if (!fits) {
                outside = true;
            }
        }
    }

    /// Interleaves sixteen pairs of rows, then transposes 16 by 16 pairs.
    private final class Transposed extends RangeTask {
        private final Scratch[] pairs;
        private int strips;

        Transposed(Workers workers) {
            super(workers);
            pairs = Scratch.each(workers.count());
        }

        void pack() {
            strips = Math.ceilDiv(groups, STRIP);
            distribute(steps * strips, (long) AmxCode.DEPTH * AmxCode.ROWS * STRIP);
        }

        @Override
        protected void range(int from, int end, int worker) {
            Tensor dy = source;
            Bf16x3Code code = Bf16x3Code.of(terms);
            long at = pairs[worker].reserve((long) STRIP * stepBytes);
            int part = 0;
            boolean fits = true;
            for (int unit = from; unit < end; unit++) {
                int step = unit / strips;
                int group = unit % strips * STRIP;
                while (step >= firstStep(part + 1)) {
                    part++;
                }
                int cols = Math.min(STRIP * AmxCode.ROWS, rows - group * AmxCode.ROWS);
                int row = AmxCode.DEPTH * step;
                long numbers = dy.address() + (firstCol + row) * dy.rowBytes()
                        + 4L * (firstRow + group * AmxCode.ROWS);
                fits &= AmxPanels.pairs(code, numbers, dy.rowBytes(), Math.min(AmxCode.DEPTH, depth - row), cols,
                        at, stepBytes);
                long inPart = (long) (step - firstStep(part)) * stepBytes;
                for (int i = 0; i < cols; i += AmxCode.ROWS) {
                    transpose(Math.min(AmxCode.ROWS, cols - i), at(part, group + i / AmxCode.ROWS) + inPart,
                            at + (long) i / AmxCode.ROWS * stepBytes);
                }
            }
            if (!fits) {
                outside = true;
            }
        }

        private void transpose(int cols, long to, long from) {
            for (int t = 0; t < terms; t++) {
                TransposeCode.of(IsaLevel.AMX, 1).transpose(AmxCode.PAIRS, to + (long) t * Bf16x3Code.TERM_BYTES,
                        from + (long) t * Bf16x3Code.TERM_BYTES, AmxCode.B_ROW_BYTES, cols);
            }
        }
    }
}
