package glia.kernels.amx;

import glia.kernels.code.SystemMemory;
import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.Scratch;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;

/// GEMM with AMX tile registers: `linear` and both of its gradients, with each factor as one BF16 value or as the sum
/// of three (`Bf16x3Code`), which is as exact as F32. Both factors are packed, A in groups of rows (`AmxRows`) and B in
/// panels (`AmxPanels`), then multiplied (`AmxProduct`); large ones piece by piece.
final class AmxProducts {
    /// Maximal size of a piece of a packed factor.
    private static final long PIECE_BYTES = 64 << 20;
    /// Maximal depth of pieces, and the unit of their rows and columns: whole blocks of every format.
    private static final int DEPTH = 4096;
    private static final int BLOCK = 256;

    private final int terms;
    private final AmxRows rows;
    private final AmxPanels panels;
    private final AmxProduct product;
    private final Scratch packed = new Scratch(SystemMemory::scratch);
    // The current matrix multiplication.
    private Tensor a;
    private boolean aTransposed;
    private Matrix b;
    private boolean bTransposed;
    private int depth;
    private int maxDepth;
    private int piece;

    /// @param terms 1 or 3
    AmxProducts(Workers workers, RowDecoder decoder, int terms) {
        this.terms = terms;
        rows = new AmxRows(workers, terms);
        panels = new AmxPanels(workers, decoder, terms);
        product = new AmxProduct(workers, rows, terms);
    }

    AmxPanels panels() {
        return panels;
    }

    /// Computes `y[n,r] = Σ_k x[n,k] · w[r,k]`.
    ///
    /// @return whether all values fit (`Bf16x3Code`); if not, nothing is computed
    boolean linear(Tensor y, Tensor x, Matrix w) {
        return run(y, false, x, false, w, true, x.cols());
    }

    /// Computes `dx[n,k] += Σ_r dy[n,r] · w[r,k]`, as `linear`.
    boolean linearBackwardInput(Tensor dx, Tensor dy, Matrix w) {
        return run(dx, true, dy, false, w, false, dy.cols());
    }

    /// Computes `dw[r,k] += Σ_n dy[n,r] · x[n,k]`, as `linear`.
    boolean linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        return run(dw, true, dy, true, x, false, dy.rows());
    }

    /// Computes `linear` with one term and prepacked panels of w.
    void linear(Tensor y, Tensor x, long panels) {
        if (isEmpty(y, false, x.cols())) {
            return;
        }
        piece = pieces(x.cols());
        for (int row = 0; row < y.rows(); row += piece) {
            rows.straight(x, row, Math.min(piece, y.rows() - row), 0, x.cols());
            product.run(y, row, 0, y.cols(), false, panels);
        }
    }

    /// Rows or columns of a piece of this depth.
    private int pieces(int depth) {
        long numbers = PIECE_BYTES / (2L * terms * depth);
        return Math.clamp(numbers / BLOCK * BLOCK, BLOCK, 1 << 20);
    }

    private static boolean isEmpty(Tensor c, boolean adds, int depth) {
        if (depth == 0 && !adds) {
            c.zero();
        }
        return depth == 0 || c.size() == 0;
    }

    private boolean run(Tensor c, boolean adds, Tensor a, boolean aTransposed, Matrix b, boolean bTransposed,
            int depth) {
        if (isEmpty(c, adds, depth)) {
            return true;
        }
        this.a = a;
        this.aTransposed = aTransposed;
        this.b = b;
        this.bTransposed = bTransposed;
        this.depth = depth;
        // Prepacked panels use the whole depth, too, so that the bits are the same.
        maxDepth = terms == 1 && !adds ? depth : DEPTH;
        piece = pieces(Math.min(depth, maxDepth));
        boolean isWhole = c.rows() <= piece && c.cols() <= piece && depth <= maxDepth;
        boolean fits = (isWhole || terms == 1 || fits(c)) && multiply(c, adds);
        this.a = null;
        this.b = null;
        return fits;
    }

    /// Packs all pieces only to check whether their values fit, before any of C is written.
    private boolean fits(Tensor c) {
        for (int k = 0; k < depth; k += maxDepth) {
            for (int row = 0; row < c.rows(); row += piece) {
                if (!packA(c, row, k)) {
                    return false;
                }
            }
            for (int col = 0; col < c.cols(); col += piece) {
                if (!packB(c, col, k)) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean multiply(Tensor c, boolean adds) {
        for (int k = 0; k < depth; k += maxDepth) {
            for (int col = 0; col < c.cols(); col += piece) {
                if (!packB(c, col, k)) {
                    return false;
                }
                for (int row = 0; row < c.rows(); row += piece) {
                    if ((col == 0 || c.rows() > piece) && !packA(c, row, k)) {
                        return false;
                    }
                    product.run(c, row, col, Math.min(piece, c.cols() - col), adds || k > 0, packed.reserve(0));
                }
            }
        }
        return true;
    }

    private boolean packA(Tensor c, int row, int k) {
        int count = Math.min(piece, c.rows() - row);
        int part = Math.min(maxDepth, depth - k);
        return aTransposed ? rows.transposed(a, k, part, row, count) : rows.straight(a, row, count, k, part);
    }

    private boolean packB(Tensor c, int col, int k) {
        int count = Math.min(piece, c.cols() - col);
        int part = Math.min(maxDepth, depth - k);
        long to = packed.reserve(panels.sizeBytes(count, part));
        return bTransposed ? panels.transposed(b, col, count, k, part, to) : panels.straight(b, k, part, col, count,
                to);
    }

    /// Multiplies packed pairs: `C[m,n] (+)= Σ_p A[m,p] · B[p,n]`. A chunk of work is a block of groups by panels,
    /// whose sums are in the worker's memory and, like a part of the block's A, in the L2 cache. For one part after the
    /// other, each panel is multiplied by all groups.
    static final class AmxProduct implements Workers.Task {
        private final Workers workers;
        private final AmxRows a;
        private final int terms;
        private final Scratch[] memory;
        private final AmxBlocks blocks;
        private long c;
        private long rowBytes;
        private int numRows;
        private int numCols;
        private boolean adds;
        private long b;

        /// @param terms 1 or 3, of each value
        AmxProduct(Workers workers, AmxRows a, int terms) {
            this.workers = workers;
            this.a = a;
            this.terms = terms;
            memory = Scratch.each(workers.count(), SystemMemory::scratch);
            blocks = new AmxBlocks(workers);
        }

        /// Multiplies the packed A, which has at least one row and one step.
        ///
        /// @param row of C, the first of A
        /// @param col of C, the first of B
        /// @param cols at least 1
        /// @param adds whether to add to C
        /// @param b all panels of B
        void run(Tensor c, int row, int col, int cols, boolean adds, long b) {
            this.c = c.address() + row * c.rowBytes() + 4L * col;
            rowBytes = c.rowBytes();
            numRows = a.rows();
            numCols = cols;
            this.adds = adds;
            this.b = b;
            blocks.cut(a.groups(), AmxCode.ROWS, Math.ceilDiv(cols, AmxCode.COLS));
            workers.run(this, blocks.count());
        }

        @Override
        public void run(int chunk, int worker) {
            int firstPanel = blocks.firstPanel(chunk);
            int numPanels = blocks.numPanels(chunk);
            int firstGroup = blocks.firstGroup(chunk);
            int numGroups = blocks.numGroups(chunk);
            int row = firstGroup * AmxCode.ROWS;
            int rows = Math.min(numGroups * AmxCode.ROWS, numRows - row);
            int col = firstPanel * AmxCode.COLS;
            int cols = Math.min(numPanels * AmxCode.COLS, numCols - col);
            long panelSums = (long) numGroups * AmxCode.SUMS_BYTES;
            long call = memory[worker].reserve(AmxCode.CALL_BYTES + numPanels * panelSums);
            long sums = call + AmxCode.CALL_BYTES;
            for (int part = 0; part < a.parts(); part++) {
                for (int panel = 0; panel < numPanels; panel++) {
                    boolean last = panel == numPanels - 1;
                    long next = last ? panelPart(firstPanel, part + 1) : panelPart(firstPanel + panel + 1, part);
                    multiply(call, part, firstGroup, rows, Math.min(AmxCode.COLS, cols - panel * AmxCode.COLS),
                            sums + panel * panelSums, panelPart(firstPanel + panel, part), next);
                }
            }
            AmxCode.move(adds, c + row * rowBytes + 4L * col, rowBytes, sums, AmxCode.ROWS, panelSums, rows, cols);
        }

        /// The address of a panel's part; that after the last is the end of the panel.
        private long panelPart(int panel, int part) {
            return b + ((long) panel * a.steps() + a.firstStep(part)) * AmxCode.of(terms).stepBytes();
        }

        /// Multiplies a part of a panel by all groups of a block: the whole ones, then the last.
        private void multiply(long call, int part, int group, int rows, int cols, long sums, long of, long next) {
            AmxCode code = AmxCode.of(terms);
            int steps = a.firstStep(part + 1) - a.firstStep(part);
            boolean goesOn = part > 0;
            int whole = rows / AmxCode.ROWS;
            int rest = rows % AmxCode.ROWS;
            if (whole > 0) {
                code.multiply(call, whole, AmxCode.ROWS, cols, goesOn, sums, a.at(part, group), of, steps, next);
            }
            if (rest > 0) {
                code.multiply(call, 1, rest, cols, goesOn, sums + (long) whole * AmxCode.SUMS_BYTES,
                        a.at(part, group + whole), of, steps, next);
            }
        }
    }

    /// Splits the result of an AMX GEMM for the workers into blocks of up to 256 rows by 512 columns, whose sums and
    /// part of A stay in the L2 cache. Columns come in panels of 32, rows in groups.
    static final class AmxBlocks {
        private static final int ROWS = 256;
        private static final int PANELS = 16;
        /// Number of blocks a thread, so that a late thread delays little.
        private static final int EACH = 2;

        private final int numWorkers;
        private int groups;
        private int panels;
        private int rowBlocks;
        private int colBlocks;

        AmxBlocks(Workers workers) {
            numWorkers = workers.count();
        }

        /// Splits a result of so many groups of `groupRows` rows, and so many panels; at least one of each.
        void cut(int groups, int groupRows, int panels) {
            this.groups = groups;
            this.panels = panels;
            rowBlocks = Math.ceilDiv(groups * groupRows, ROWS);
            int wanted = numWorkers == 1 ? 1 : Math.ceilDiv(EACH * numWorkers, rowBlocks);
            colBlocks = Math.min(panels, Math.max(wanted, Math.ceilDiv(panels, PANELS)));
        }

        int count() {
            return rowBlocks * colBlocks;
        }

        int firstPanel(int block) {
            return panelOf(block / rowBlocks);
        }

        int numPanels(int block) {
            return panelOf(block / rowBlocks + 1) - firstPanel(block);
        }

        int firstGroup(int block) {
            return groupOf(block % rowBlocks);
        }

        int numGroups(int block) {
            return groupOf(block % rowBlocks + 1) - firstGroup(block);
        }

        private int panelOf(int colBlock) {
            return (int) ((long) colBlock * panels / colBlocks);
        }

        private int groupOf(int rowBlock) {
            return (int) ((long) rowBlock * groups / rowBlocks);
        }
    }
}
