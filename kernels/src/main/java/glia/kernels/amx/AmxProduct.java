package glia.kernels.amx;

import glia.kernels.code.SystemMemory;
import glia.kernels.tiled.Scratch;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;

/// Multiplies packed pairs: `C[m,n] (+)= Σ_p A[m,p] · B[p,n]`. A chunk of work is a block of groups by panels, whose
/// sums are in the worker's memory and, like a part of the block's A, in the L2 cache. For one part after the other,
/// each panel is multiplied by all groups.
final class AmxProduct implements Workers.Task {
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
