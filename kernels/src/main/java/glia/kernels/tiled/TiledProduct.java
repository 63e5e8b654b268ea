package glia.kernels.tiled;

import static glia.tensor.Memory.ALL;

import glia.tensor.Memory;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;

/// Tiled GEMM: `C[m,n] (+)= Σ_k A[m,k] · B[k,n]`. Columns n are split into panels. For each part of the depth a
/// subclass packs the panel's part of B as F32 rows into the worker's memory, where it stays in the caches while all
/// rows of A are multiplied. B may have any format and be transposed or not. Chunks of work are groups of panels, and
/// if these are too few, groups of rows as well.
abstract class TiledProduct implements Workers.Task {
    /// The minimal `Tiles.depth`: one large block. The panel's part then fits the L1 cache.
    static final int DEPTH = 256;

    /// Panels of a chunk: as many parts as fit the L2 cache easily.
    private static final int PANELS = 4;
    private static final int MANY_TILES = 4;
    /// Number of chunks a thread, so that a late thread delays little.
    private static final int CHUNKS = 4;
    /// Addresses this many bytes apart map to the same L1 cache set, which has eight or twelve ways.
    private static final int PLACES = 4096;
    /// Ways reserved for data other than a tile's rows of A.
    private static final int WAYS_LEFT = 4;
    private static final int LINE = 64;

    private final Workers workers;
    private final Scratch[] panels;
    private final Scratch tail = new Scratch();
    private final Apart apart;
    private final int tileRows;
    private final int panelCols;
    private final long panelBytes;
    final Tiles tiles;
    /// The step of the depth that is multiplied at a time.
    private final int part;
    /// Size of a panel's part, in bytes.
    final long partBytes;

    private long c;
    private long cRow;
    private long a;
    private long aRow;
    private long aStep;
    private long aTile;
    private long tailRow;
    private long tailAt;
    private int numRows;
    private int numCols;
    private int depth;
    private int chunkCols;
    private int rowGroups;
    private int groupTiles;
    private boolean accumulate;

    TiledProduct(Workers workers, Tiles tiles) {
        part = tiles.depth();
        this.workers = workers;
        this.tiles = tiles;
        tileRows = tiles.rows();
        panelCols = tiles.cols();
        panelBytes = tiles.panelBytes();
        partBytes = part * panelBytes;
        panels = Scratch.each(workers.count());
        apart = new Apart(workers);
    }

    /// The distance of rows of a size such that a tile of them fits the L1 cache's sets.
    static long apart(long rowBytes) {
        return rowBytes % PLACES == 0 ? rowBytes + LINE : rowBytes;
    }

    /// Copies rows to a distance larger by a cache line.
    private static final class Apart extends RangeTask {
        private final Scratch memory = new Scratch();
        private long from;
        private long rowBytes;
        private long usedBytes;
        private long to;

        Apart(Workers workers) {
            super(workers);
        }

        long of(long rows, long rowBytes, int count, int depth) {
            from = rows;
            this.rowBytes = rowBytes;
            usedBytes = 4L * depth;
            to = memory.reserve(count * apart(rowBytes));
            distribute(count, depth);
            return to;
        }

        @Override
        protected void range(int first, int end, int worker) {
            for (int m = first; m < end; m++) {
                MemorySegment.copy(ALL, from + m * rowBytes, ALL, to + m * apart(rowBytes), usedBytes);
            }
        }
    }

    /// The address of the panels of B's rows `k0` to `k0 + count` (at most `step()`), columns `col` to `col + cols`,
    /// `panelStride()` apart: packed to the worker's memory, or prepacked. Columns beyond the last are undefined.
    ///
    /// @param memory the worker's own memory for as many panels
    abstract long panels(int col, int cols, int k0, int count, long memory, int worker);

    /// Bytes from panel to panel.
    long panelStride() {
        return partBytes;
    }

    /// The step of the depth that is multiplied at a time.
    int step() {
        return part;
    }

    /// Sets C, to be overwritten or added to.
    final void output(long address, long rowBytes, int rows, int cols, boolean accumulate) {
        this.c = address;
        this.cRow = rowBytes;
        this.numRows = rows;
        this.numCols = cols;
        this.accumulate = accumulate;
    }

    /// Columns of a chunk: a few panels, so that A is read once for all of them, but one if there are too few rows or
    /// columns for that to pay off.
    final int chunkCols(int rows, int cols) {
        int panels = rows <= MANY_TILES * tileRows ? 1 : Math.clamp(cols / (panelCols * workers.count()), 1, PANELS);
        return panels * panelCols;
    }

    /// Multiplies an A of contiguous rows. If a tile would read beyond A, its last rows are copied; if rows would evict
    /// each other from the L1 cache, all of them are.
    final void run(long rows, long rowBytes, int depth, int chunkCols) {
        boolean copies = apart(rowBytes) != rowBytes && numRows > MANY_TILES * tileRows
                && tiles.cacheWays() < tileRows + WAYS_LEFT;
        this.a = copies ? apart.of(rows, rowBytes, numRows, depth) : rows;
        this.aRow = copies ? apart(rowBytes) : rowBytes;
        this.aStep = Float.BYTES;
        this.aTile = tileRows * aRow;
        int full = numRows / tileRows * tileRows;
        int least = full == numRows ? 0 : tiles.minRows(numRows - full);
        tailRow = aRow;
        tailAt = a + full * aRow;
        if (full + least > numRows) {
            tailRow = 4L * depth;
            tailAt = tail.reserve(least * tailRow);
            for (int m = full; m < full + least; m++) {
                long to = tailAt + (m - full) * tailRow;
                if (m < numRows) {
                    ALL.asSlice(to, tailRow).copyFrom(ALL.asSlice(a + m * aRow, tailRow));
                } else {
                    ALL.asSlice(to, tailRow).fill((byte) 0);
                }
            }
        }
        start(depth, chunkCols);
    }

    /// Multiplies an A in tiles: `[tile][depth][rows]`, the last one padded with zeros.
    final void runTiled(long tiles, int depth, int chunkCols) {
        this.a = tiles;
        this.aRow = Float.BYTES;
        this.aStep = tileRows * 4L;
        this.aTile = tileRows * 4L * depth;
        tailAt = a + numRows / tileRows * aTile;
        tailRow = aRow;
        start(depth, chunkCols);
    }

    private void start(int depth, int chunkCols) {
        this.depth = depth;
        this.chunkCols = chunkCols;
        int colChunks = Math.ceilDiv(numCols, chunkCols);
        int numTiles = Math.ceilDiv(numRows, tileRows);
        int wanted = workers.count() == 1 ? 1 : CHUNKS * workers.count();
        rowGroups = Math.clamp(Math.min(wanted / Math.max(1, colChunks), numTiles / 4), 1, Math.max(1, numTiles));
        groupTiles = Math.ceilDiv(numTiles, rowGroups);
        workers.run(this, numRows == 0 ? 0 : colChunks * rowGroups);
    }

    @Override
    public final void run(int chunk, int worker) {
        int col = chunk / rowGroups * chunkCols;
        int cols = Math.min(chunkCols, numCols - col);
        int firstRow = chunk % rowGroups * groupTiles * tileRows;
        int lastRow = Math.min(numRows, firstRow + groupTiles * tileRows);
        if (!accumulate && depth == 0) {
            for (int m = firstRow; m < lastRow; m++) {
                tiles.clear(c + m * cRow + 4L * col, cols);
            }
        }
        long edge = panels[worker].reserve(tileRows * panelBytes + Math.ceilDiv(chunkCols, panelCols) * partBytes);
        long packed = edge + tileRows * panelBytes;
        for (int k0 = 0; k0 < depth; k0 += step()) {
            int count = Math.min(step(), depth - k0);
            long panels = panels(col, cols, k0, count, packed, worker);
            for (int m = firstRow; m < lastRow; m += tileRows) {
                tile(m, col, cols, k0, count, panels, edge);
            }
        }
    }

    /// Multiplies a tile by all panels of a chunk; its part of A stays in the L1 cache meanwhile.
    private void tile(int m, int firstCol, int cols, int k0, int count, long panels, long edge) {
        int rows = Math.min(tileRows, numRows - m);
        boolean whole = m + tileRows <= numRows;
        long from = (whole ? a + m / tileRows * aTile : tailAt) + k0 * aStep;
        long row = whole ? aRow : tailRow;
        for (int i = 0; i < cols; i += panelCols) {
            int width = Math.min(panelCols, cols - i);
            long to = c + m * cRow + 4L * (firstCol + i);
            long panel = panels + i / panelCols * panelStride();
            if (accumulate || k0 > 0) {
                boolean last = i + panelCols >= cols;
                tiles.fetch(last ? c + (m + tileRows) * cRow + 4L * firstCol : to + panelBytes, cRow, rows, panelBytes);
            }
            if (tiles.minCols(width) != width || tiles.minRows(rows) != rows) {
                tiles.set(rows, width, edge, panelBytes, from, row, aStep, panel, count);
                fromEdge(edge, to, rows, width, accumulate || k0 > 0);
            } else if (accumulate || k0 > 0) {
                tiles.multiply(rows, width, to, cRow, from, row, aStep, panel, count);
            } else {
                tiles.set(rows, width, to, cRow, from, row, aStep, panel, count);
            }
        }
    }

    private void fromEdge(long edge, long to, int rows, int width, boolean add) {
        for (int t = 0; t < rows; t++) {
            long source = edge + t * panelBytes;
            long target = to + t * cRow;
            for (int i = 0; i < width; i++) {
                float before = add ? Memory.f32(target + 4L * i) : 0;
                Memory.f32(target + 4L * i, before + Memory.f32(source + 4L * i));
            }
        }
    }
}
