package glia.tensor.kernel.vector;

import static glia.tensor.Memory.ALL;
import static glia.tensor.kernel.vector.Simd.ADDRESS;
import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.F;
import static glia.tensor.kernel.vector.Simd.ORDER;
import static glia.tensor.kernel.vector.Simd.PANEL;
import static glia.tensor.kernel.vector.Simd.PANEL_BYTES;

import glia.tensor.Memory;
import glia.tensor.kernel.Workers;
import jdk.incubator.vector.FloatVector;

/// `C[m,n] (+)= Σ_k A[m,k] · B[k,n]` in tiles. Columns n are cut into panels of two vectors; for each part of the
/// depth a subclass writes the panel's numbers of B as F32 rows of a panel into memory of the worker's own, where
/// they stay in the first caches while all rows of A pass by. So B may have any format and be turned or not. Chunks
/// of work are groups of panels, and where these are too few, groups of rows as well.
abstract class TiledProduct implements Workers.Task {
    private static final int DEPTH = PanelDecoder.DEPTH;

    /// Chunks a thread should find, so that a late one holds up little.
    private static final int CHUNKS = 4;

    private final Workers workers;
    private final Scratch[] panels;
    private final Scratch tail = new Scratch();
    final PanelDecoder[] decoders;

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

    TiledProduct(Workers workers) {
        this.workers = workers;
        panels = Scratch.each(workers.count());
        decoders = new PanelDecoder[workers.count()];
        for (int i = 0; i < decoders.length; i++) {
            decoders[i] = new PanelDecoder();
        }
    }

    /// Writes B's rows `k0` to `k0 + count` (at most `DEPTH`), columns `col` to `col + cols`, as panels that lie
    /// `PanelDecoder.partBytes()` apart. What lies beyond the last column may be anything.
    abstract void pack(int col, int cols, int k0, int count, long to, int worker);

    /// C, overwritten or added to.
    final void output(long address, long rowBytes, int rows, int cols, boolean accumulate) {
        this.c = address;
        this.cRow = rowBytes;
        this.numRows = rows;
        this.numCols = cols;
        this.accumulate = accumulate;
    }

    /// Multiplies with an A of contiguous rows. The rows that fill no tile are copied, so that a tile never reads
    /// beyond A.
    final void run(long rows, long rowBytes, int depth, int chunkCols) {
        this.a = rows;
        this.aRow = rowBytes;
        this.aStep = Float.BYTES;
        this.aTile = Tile.ROWS * rowBytes;
        int full = numRows / Tile.ROWS * Tile.ROWS;
        tailRow = 4L * depth;
        tailAt = 0;
        if (full < numRows) {
            tailAt = tail.reserve(Tile.ROWS * tailRow);
            for (int m = full; m < full + Tile.ROWS; m++) {
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

    /// Multiplies with an A in tiles: `[tile][depth][Tile.ROWS]`, the last one filled up with zeros.
    final void runTiled(long tiles, int depth, int chunkCols) {
        this.a = tiles;
        this.aRow = Float.BYTES;
        this.aStep = Tile.ROWS * 4L;
        this.aTile = Tile.ROWS * 4L * depth;
        tailAt = a + numRows / Tile.ROWS * aTile;
        tailRow = aRow;
        start(depth, chunkCols);
    }

    private void start(int depth, int chunkCols) {
        this.depth = depth;
        this.chunkCols = chunkCols;
        int colChunks = Math.ceilDiv(numCols, chunkCols);
        int tiles = Math.ceilDiv(numRows, Tile.ROWS);
        int wanted = workers.count() == 1 ? 1 : CHUNKS * workers.count();
        rowGroups = Math.clamp(Math.min(wanted / Math.max(1, colChunks), tiles / 4), 1, Math.max(1, tiles));
        groupTiles = Math.ceilDiv(tiles, rowGroups);
        workers.run(this, numRows == 0 ? 0 : colChunks * rowGroups);
    }

    @Override
    public final void run(int chunk, int worker) {
        int col = chunk / rowGroups * chunkCols;
        int cols = Math.min(chunkCols, numCols - col);
        int firstRow = chunk % rowGroups * groupTiles * Tile.ROWS;
        int lastRow = Math.min(numRows, firstRow + groupTiles * Tile.ROWS);
        if (!accumulate) {
            for (int m = firstRow; m < lastRow; m++) {
                clear(c + m * cRow + 4L * col, cols);
            }
        }
        long part = PanelDecoder.partBytes();
        long edge = panels[worker].reserve(Tile.ROWS * PANEL_BYTES + Math.ceilDiv(chunkCols, PANEL) * part);
        long packed = edge + Tile.ROWS * PANEL_BYTES;
        for (int k0 = 0; k0 < depth; k0 += DEPTH) {
            int count = Math.min(DEPTH, depth - k0);
            pack(col, cols, k0, count, packed, worker);
            for (int i = 0; i < cols; i += PANEL) {
                tiles(firstRow, lastRow, col + i, k0, count, packed + i / PANEL * part, edge);
            }
        }
    }

    private void tiles(int firstRow, int lastRow, int col, int k0, int count, long panel, long edge) {
        int width = Math.min(PANEL, numCols - col);
        for (int m = firstRow; m < lastRow; m += Tile.ROWS) {
            long to = c + m * cRow + 4L * col;
            boolean whole = m + Tile.ROWS <= numRows;
            long from = whole ? a + m / Tile.ROWS * aTile : tailAt;
            long row = whole ? aRow : tailRow;
            if (whole && width == PANEL) {
                Tile.multiply(to, cRow, from + k0 * aStep, row, aStep, panel, PANEL_BYTES, count);
            } else {
                clear(edge, Tile.ROWS * PANEL);
                Tile.multiply(edge, PANEL_BYTES, from + k0 * aStep, row, aStep, panel, PANEL_BYTES, count);
                addEdge(edge, to, Math.min(Tile.ROWS, numRows - m), width);
            }
        }
    }

    private void addEdge(long edge, long to, int rows, int width) {
        for (int t = 0; t < rows; t++) {
            long source = edge + (long) t * PANEL_BYTES;
            long target = to + t * cRow;
            if (width == PANEL) {
                for (int side = 0; side < PANEL_BYTES; side += BYTES) {
                    FloatVector sum = FloatVector.fromMemorySegment(F, ALL, target + side & ADDRESS, ORDER)
                            .add(FloatVector.fromMemorySegment(F, ALL, source + side & ADDRESS, ORDER));
                    sum.intoMemorySegment(ALL, target + side & ADDRESS, ORDER);
                }
            } else {
                for (int i = 0; i < width; i++) {
                    Memory.f32(target + 4L * i, Memory.f32(target + 4L * i) + Memory.f32(source + 4L * i));
                }
            }
        }
    }

    /// Sets numbers to 0.
    static void clear(long at, int count) {
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            FloatVector.zero(F).intoMemorySegment(ALL, at + 4L * i & ADDRESS, ORDER);
        }
        for (; i < count; i++) {
            Memory.f32(at + 4L * i, 0);
        }
    }
}
