package glia.kernels.tiled;

import static glia.kernels.tiled.TiledBf16Products.Bf16Panels.pairs;

import glia.kernels.tiled.PackedWeightCache.PackedHalfWeights;
import glia.kernels.tiled.Products.Bf16Products;
import glia.kernels.tiled.Tiles.Bf16Tiles;
import glia.kernels.tiled.Tiles.Panels;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;

/// BF16 GEMM with vector registers (https://arxiv.org/abs/1905.12322): `linear` and both of its gradients with factors
/// rounded to BF16 and F32 accumulation. Two neighbors along the depth form a 32-bit pair, so that the loops of F32
/// GEMM apply to pairs.
public final class TiledBf16Products implements Bf16Products {
    private static final int SPREAD = 128;

    private final Workers workers;
    private final Bf16Tiles tiles;
    private final Rows rows;
    private final Transposed transposed;
    private final Forward forward;
    private final Prepacked prepacked;
    private final Backward backwardInput;
    private final Backward backwardWeight;

    /// @param tiles the inner loops
    public TiledBf16Products(Workers workers, Bf16Tiles tiles) {
        this.workers = workers;
        this.tiles = tiles;
        rows = new Rows(workers, tiles);
        transposed = new Transposed(workers, tiles);
        forward = new Forward(workers, tiles);
        prepacked = new Prepacked(
                workers, tiles, new PackedHalfWeights(tiles, new Bf16Panels(workers, tiles), "pairs"), true);
        backwardInput = new Backward(workers, tiles);
        backwardWeight = new Backward(workers, tiles);
    }

    /// The form of `other` whose cached panels are multiplied step by step.
    private TiledBf16Products(TiledBf16Products other) {
        workers = other.workers;
        tiles = other.tiles;
        rows = other.rows;
        transposed = other.transposed;
        forward = other.forward;
        prepacked = new Prepacked(workers, tiles, other.prepacked.packed, false);
        backwardInput = other.backwardInput;
        backwardWeight = other.backwardWeight;
    }

    @Override
    public Bf16Products batchInvariant() {
        return new TiledBf16Products(this);
    }

    @Override
    public void linear(Tensor y, Tensor x, Tensor w) {
        forward.w = w;
        forward.output(y.address(), y.rowBytes(), x.rows(), w.rows(), false);
        int pairs = pairs(x.cols());
        forward.run(rows.of(x), rows.rowBytes(x), pairs, forward.chunkCols(x.rows(), w.rows()));
    }

    @Override
    public void linearPacked(Tensor y, Tensor x, Tensor w) {
        MemorySegment panels = prepacked.packed.of(w);
        if (panels == null) {
            linear(y, x, w);
            return;
        }
        prepacked.panels = panels.address();
        prepacked.depth = pairs(w.cols());
        prepacked.output(y.address(), y.rowBytes(), x.rows(), w.rows(), false);
        prepacked.run(rows.of(x), rows.rowBytes(x), prepacked.depth, prepacked.chunkCols(x.rows(), w.rows()));
        java.lang.ref.Reference.reachabilityFence(panels);
    }

    @Override
    public void linearBackwardInput(Tensor dx, Tensor dy, Tensor w) {
        backwardInput.b = w;
        backwardInput.output(dx.address(), dx.rowBytes(), dx.rows(), dx.cols(), true);
        int pairs = pairs(dy.cols());
        backwardInput.run(rows.of(dy), rows.rowBytes(dy), pairs, backwardInput.chunkCols(dx.rows(), dx.cols()));
    }

    @Override
    public void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        backwardWeight.b = x;
        backwardWeight.output(dw.address(), dw.rowBytes(), dw.rows(), dw.cols(), true);
        backwardWeight.runTiled(transposed.of(dy), pairs(x.rows()), backwardWeight.chunkCols(dw.rows(), dw.cols()));
    }

    /// A, not transposed: rows of pairs.
    static final class Rows extends RangeTask {
        private final Bf16Tiles tiles;
        private final Scratch scratch = new Scratch();
        private Tensor x;
        private long to;

        Rows(Workers workers, Bf16Tiles tiles) {
            super(workers);
            this.tiles = tiles;
        }

        /// The rounded rows of x, `rowBytes` apart.
        long of(Tensor x) {
            this.x = x;
            to = scratch.reserve(x.rows() * rowBytes(x));
            distribute(x.rows(), 4L * x.cols());
            return to;
        }

        /// Bytes from row to row, such that rows do not evict each other from the L1 cache.
        long rowBytes(Tensor x) {
            return TiledProduct.apart(4L * pairs(x.cols()));
        }

        @Override
        protected void range(int from, int end, int worker) {
            int pairs = (int) (rowBytes(x) / Float.BYTES);
            tiles.round(DType.F32, x.address() + from * x.rowBytes(), x.rowBytes(), end - from, x.cols(), pairs,
                    to + from * rowBytes(x), worker);
        }
    }

    /// A transposed, in tiles `[R / rows][N / 2][rows]` of pairs of rows.
    private static final class Transposed extends RangeTask {
        private final Bf16Tiles tiles;
        private final Scratch scratch = new Scratch();
        private final Scratch[] pairRows;
        private Tensor dy;
        private long to;

        Transposed(Workers workers, Bf16Tiles tiles) {
            super(workers);
            this.tiles = tiles;
            pairRows = Scratch.each(workers.count());
        }

        long of(Tensor dy) {
            this.dy = dy;
            int numTiles = Math.ceilDiv(dy.cols(), tiles.rows());
            to = scratch.reserve(4L * numTiles * tiles.rows() * pairs(dy.rows()));
            distribute(pairs(dy.rows()), 4L * dy.cols());
            return to;
        }

        @Override
        protected void range(int from, int end, int worker) {
            int cols = dy.cols();
            int tileRows = tiles.rows();
            int padded = Math.ceilDiv(cols, tileRows) * tileRows;
            // Rows are padded by cache lines, so that they do not map to the same cache set.
            long rowBytes = 4L * padded + SPREAD;
            long zeros = pairRows[worker].reserve((1 + TiledProducts.TRANSPOSED_ROWS) * rowBytes);
            long pairs = zeros + rowBytes;
            tiles.clear(zeros, (1 + TiledProducts.TRANSPOSED_ROWS) * (int) (rowBytes / 4));
            for (int p = from; p < end; p += TiledProducts.TRANSPOSED_ROWS) {
                int count = Math.min(TiledProducts.TRANSPOSED_ROWS, end - p);
                for (int j = 0; j < count; j++) {
                    long a = dy.address() + 2L * (p + j) * dy.rowBytes();
                    long b = 2 * (p + j) + 1 < dy.rows() ? a + dy.rowBytes() : zeros;
                    tiles.interleave(pairs + j * rowBytes, a, b, cols);
                }
                for (int i = 0; i < padded; i += tileRows) {
                    tiles.collect(pairs + 4L * i, rowBytes, count,
                            to + 4L * ((long) i * pairs(dy.rows()) + (long) p * tileRows));
                }
            }
        }
    }

    /// `y[n,r] = Σ_k x[n,k] · w[r,k]`: rows of w are columns of B.
    private static final class Forward extends TiledProduct {
        private final Bf16Tiles pairTiles;
        private final Scratch[] rounded;
        private Tensor w;

        Forward(Workers workers, Bf16Tiles tiles) {
            super(workers, tiles);
            pairTiles = tiles;
            rounded = Scratch.each(workers.count());
        }

        @Override
        long panels(int col, int cols, int k0, int count, long to, int worker) {
            for (int i = 0; i < cols; i += pairTiles.cols()) {
                Bf16Panels.transpose(pairTiles, w, col + i, Math.min(pairTiles.cols(), cols - i), k0, count,
                        to + i / pairTiles.cols() * partBytes, rounded[worker], worker);
            }
            return to;
        }
    }

    /// `y[n,r] = Σ_k x[n,k] · w[r,k]` with prepacked panels of w.
    private static final class Prepacked extends TiledProduct {
        private final Bf16Tiles pairTiles;
        private final PackedHalfWeights packed;
        private long panels;
        private final boolean isOneStep;
        private int depth;

        /// @param isOneStep whether the whole depth is multiplied in one step, instead of as many as in `Forward`
        Prepacked(Workers workers, Bf16Tiles tiles, PackedHalfWeights packed, boolean isOneStep) {
            super(workers, tiles);
            pairTiles = tiles;
            this.packed = packed;
            this.isOneStep = isOneStep;
        }

        @Override
        long panels(int col, int cols, int k0, int count, long memory, int worker) {
            return panels + col / tiles.cols() * panelStride() + k0 * pairTiles.panelBytes();
        }

        @Override
        long panelStride() {
            return Bf16Panels.panelBytes(pairTiles, depth);
        }

        @Override
        int step() {
            return isOneStep ? Math.max(1, depth) : super.step();
        }
    }

    /// `c[m,n] += Σ_k a[m,k] · b[k,n]`: pairs of rows of b are rows of panels.
    private static final class Backward extends TiledProduct {
        private final Bf16Tiles pairTiles;
        private final Scratch[] decoded;
        private Tensor b;

        Backward(Workers workers, Bf16Tiles tiles) {
            super(workers, tiles);
            pairTiles = tiles;
            decoded = Scratch.each(workers.count());
        }

        @Override
        long panels(int col, int cols, int k0, int count, long to, int worker) {
            Bf16Panels.interleave(pairTiles, b, col, cols, k0, count, to, partBytes, decoded[worker], worker);
            return to;
        }
    }

    /// Packs B as panels of BF16 pairs: the 32-bit value in row p, column n is `(B[2p,n], B[2p+1,n])`. Packs a part of
    /// some columns, for GEMM that packs on the fly, or all of B: panels of whole groups of 16 rows, of which those
    /// beyond the depth are 0. Columns beyond the last are undefined, but take their place.
    static final class Bf16Panels implements Panels {
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
                tiles.round(w.dtype(), from, w.rowBytes(), cols, Math.min(2 * count, w.cols() - 2 * k0), count, at,
                        worker);
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
}
