package glia.tensor.kernel.emitted;

import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.tiled.PairPanels;
import glia.tensor.kernel.tiled.Scratch;

/// Packs A for `AmxCode`: `[part][group][step][32 rows][16 pairs]`. The depth is cut into parts of about equal size,
/// so that those of a panel of B stay in the first cache; the groups of a part lie one behind the other. Pairs beyond
/// the depth are 0, rows beyond the last may be anything.
final class AmxRows {
    /// Steps of a part at the most: 32 KB of B.
    private static final int PART = 16;
    private static final int NUMBERS = 2 * AmxCode.PAIRS;
    /// Columns of dy that are turned together, so that their pairs stay in the first cache.
    private static final int STRIP = 256;
    /// Lines more than a row needs, so that rows do not fall into the same set of the cache.
    private static final int SPREAD = 64;

    private final Scratch packed;
    private final Straight straight;
    private final Turned turned;
    private long address;
    private int groups;
    private int steps;
    private int parts;

    AmxRows(Workers workers, EmittedPairTiles tiles) {
        packed = new Scratch(tiles::memory);
        straight = new Straight(workers);
        turned = new Turned(workers, tiles);
    }

    /// Packs the A whose rows are those of x.
    void straight(Tensor x) {
        reserve(x.rows(), x.cols());
        straight.pack(x);
    }

    /// Packs the A whose rows are the columns of dy.
    void turned(Tensor dy) {
        reserve(dy.cols(), dy.rows());
        turned.pack(dy);
    }

    private void reserve(int rows, int depth) {
        groups = Math.ceilDiv(rows, AmxCode.ROWS);
        steps = Math.ceilDiv(depth, NUMBERS);
        parts = Math.ceilDiv(steps, PART);
        address = packed.reserve((long) groups * steps * AmxCode.STEP_BYTES);
    }

    int groups() {
        return groups;
    }

    /// Steps of the whole depth.
    int steps() {
        return steps;
    }

    int parts() {
        return parts;
    }

    /// The first step of a part; of the part after the last, all steps.
    int firstStep(int part) {
        return (int) ((long) part * steps / parts);
    }

    /// Where a group's part begins.
    long at(int part, int group) {
        int first = firstStep(part);
        return address + ((long) groups * first + (long) group * (firstStep(part + 1) - first)) * AmxCode.STEP_BYTES;
    }

    private final class Straight extends RangeTask {
        private Tensor x;

        Straight(Workers workers) {
            super(workers);
        }

        void pack(Tensor x) {
            this.x = x;
            spread(groups, (long) AmxCode.ROWS * x.cols());
            this.x = null;
        }

        @Override
        protected void range(int from, int end, int worker) {
            for (int group = from; group < end; group++) {
                int first = group * AmxCode.ROWS;
                int count = Math.min(AmxCode.ROWS, x.rows() - first);
                for (int row = 0; row < count; row++) {
                    long numbers = x.address() + (first + row) * x.rowBytes();
                    for (int part = 0; part < parts; part++) {
                        int col = NUMBERS * firstStep(part);
                        int cols = Math.min(x.cols(), NUMBERS * firstStep(part + 1)) - col;
                        PairCode.roundApart(at(part, group) + row * AmxCode.A_ROW_BYTES, AmxCode.STEP_BYTES,
                                numbers + 4L * col, cols);
                    }
                }
            }
        }
    }

    /// Sixteen pairs of rows are interleaved, then 16 by 16 pairs of them turned.
    private final class Turned extends RangeTask {
        private final EmittedPairTiles tiles;
        private final Scratch[] pairRows;
        private Tensor dy;
        private int strips;

        Turned(Workers workers, EmittedPairTiles tiles) {
            super(workers);
            this.tiles = tiles;
            pairRows = Scratch.each(workers.count());
        }

        void pack(Tensor dy) {
            this.dy = dy;
            strips = Math.ceilDiv(dy.cols(), STRIP);
            spread(steps * strips, (long) NUMBERS * STRIP);
            this.dy = null;
        }

        @Override
        protected void range(int from, int end, int worker) {
            TurnCode code = TurnCode.narrow(tiles.level);
            long rowBytes = 4L * STRIP + SPREAD;
            long rows = pairRows[worker].reserve((AmxCode.PAIRS + 1) * rowBytes);
            long zeros = rows + AmxCode.PAIRS * rowBytes;
            tiles.clear(zeros, STRIP);
            int part = 0;
            for (int unit = from; unit < end; unit++) {
                int step = unit / strips;
                int col = unit % strips * STRIP;
                int cols = Math.min(STRIP, dy.cols() - col);
                while (step >= firstStep(part + 1)) {
                    part++;
                }
                int count = Math.min(AmxCode.PAIRS, PairPanels.pairs(dy.rows()) - step * AmxCode.PAIRS);
                for (int p = 0; p < count; p++) {
                    int row = step * NUMBERS + 2 * p;
                    long even = dy.address() + row * dy.rowBytes() + 4L * col;
                    long odd = row + 1 < dy.rows() ? even + dy.rowBytes() : zeros;
                    PairCode.interleave(rows + p * rowBytes, even, odd, cols);
                }
                long inPart = (long) (step - firstStep(part)) * AmxCode.STEP_BYTES;
                for (int i = 0; i < cols; i += AmxCode.ROWS) {
                    code.turn(count, at(part, (col + i) / AmxCode.ROWS) + inPart, rows + 4L * i, rowBytes,
                            Math.min(AmxCode.ROWS, cols - i));
                }
            }
        }
    }
}
