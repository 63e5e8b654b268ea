package glia.kernels.tiled;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Packs B as panels of BF16 pairs: the 32-bit value in row p, column n is `(B[2p,n], B[2p+1,n])`. Packs a part of some
/// columns, for GEMM that packs on the fly, or all of B: panels of whole groups of 16 rows, of which those beyond the
/// depth are 0. Columns beyond the last are undefined, but take their place.
final class Bf16Panels implements Panels {
    /// Rows of a panel that are written together, while their source is in the L1 cache.
    private static final int GROUP = 16;

    private final Bf16Tiles tiles;
    private final Scratch[] scratch;
    private final Transposed transposed;

    /// @param tiles the inner loops
    public Bf16Panels(Workers workers, Bf16Tiles tiles) {
        this.tiles = tiles;
        scratch = Scratch.each(workers.count());
        transposed = new Transposed(workers);
    }

    /// Pairs that hold `count` values.
    public static int pairs(int count) {
        return (count + 1) / 2;
    }

    /// Bytes from panel to panel of a B that is packed as a whole.
    public static long panelBytes(Bf16Tiles tiles, int pairs) {
        return Math.ceilDiv(pairs, GROUP) * GROUP * tiles.panelBytes();
    }

    @Override
    public long sizeBytes(int cols, int depth) {
        return Math.ceilDiv(cols, tiles.cols()) * panelBytes(tiles, pairs(depth));
    }

    @Override
    public void transposed(Tensor w, long to) {
        transposed.pack(w, to);
    }

    private final class Transposed extends RangeTask {
        private Tensor w;
        private long to;

        Transposed(Workers workers) {
            super(workers);
        }

        void pack(Tensor w, long to) {
            this.w = w;
            this.to = to;
            distribute(w.cols() == 0 ? 0 : Math.ceilDiv(w.rows(), tiles.cols()), (long) tiles.cols() * w.cols());
            this.w = null;
        }

        @Override
        protected void range(int from, int end, int worker) {
            int pairs = pairs(w.cols());
            for (int panel = from; panel < end; panel++) {
                int col = panel * tiles.cols();
                transpose(tiles, w, col, Math.min(tiles.cols(), w.rows() - col), 0, pairs,
                        to + panel * panelBytes(tiles, pairs), scratch[worker], worker);
            }
        }
    }

    /// Packs pairs `k0` to `k0 + count` of rows `col` to `col + cols` of w, transposed to columns of a panel.
    static void transpose(Bf16Tiles tiles, Tensor w, int col, int cols, int k0, int count, long to, Scratch scratch,
            int worker) {
        long from = w.address() + col * w.rowBytes() + w.dtype().bytes(2L * k0);
        if (w.dtype() == DType.BF16 && w.cols() % 2 == 0) {
            tiles.transpose(DType.F32, from, w.rowBytes(), cols, count, to, worker);
        } else {
            long at = scratch.reserve(4L * cols * count);
            tiles.round(w.dtype(), from, w.rowBytes(), cols, Math.min(2 * count, w.cols() - 2 * k0), count, at, worker);
            tiles.transpose(DType.F32, at, 4L * count, cols, count, to, worker);
        }
    }

    /// Packs pairs `k0` to `k0 + count` of rows of b, columns `col` to `col + cols`, as rows of panels.
    ///
    /// @param stride bytes from panel to panel
    static void interleave(Bf16Tiles tiles, Tensor b, int col, int cols, int k0, int count, long to, long stride,
            Scratch scratch, int worker) {
        long rowBytes = b.rowBytes();
        int numRows = Math.min(2 * count, b.rows() - 2 * k0);
        long at = b.address() + 2 * k0 * rowBytes + b.dtype().bytes(col);
        long memory = scratch.reserve(4L * cols * (2 * count + 1));
        long zeros = memory + 8L * cols * count;
        tiles.clear(zeros, cols);
        if (b.dtype() != DType.F32) {
            tiles.decode(b.dtype(), at, rowBytes, numRows, cols, memory, worker);
            at = memory;
            rowBytes = 4L * cols;
        }
        for (int p = 0; p < count; p += GROUP) {
            int whole = Math.min(p + GROUP, numRows / 2) - p;
            for (int i = 0; i < cols; i += tiles.cols()) {
                int width = Math.min(tiles.cols(), cols - i);
                long even = at + 2 * p * rowBytes + 4L * i;
                long panel = to + i / tiles.cols() * stride + p * tiles.panelBytes();
                tiles.interleave(panel, even, rowBytes, whole, width);
                if (whole < GROUP && numRows % 2 > 0) {
                    tiles.interleave(panel + whole * tiles.panelBytes(), even + 2 * whole * rowBytes, zeros, width);
                }
            }
        }
    }
}
