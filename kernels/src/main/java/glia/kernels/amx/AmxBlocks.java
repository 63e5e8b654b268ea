package glia.kernels.amx;

import glia.tensor.kernel.Workers;

/// Splits the result of an AMX GEMM for the workers into blocks of up to 256 rows by 512 columns, whose sums and part
/// of A stay in the L2 cache. Columns come in panels of 32, rows in groups.
final class AmxBlocks {
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
