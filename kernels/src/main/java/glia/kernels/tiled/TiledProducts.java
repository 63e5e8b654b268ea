package glia.kernels.tiled;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.LongFunction;

/// F32 GEMM: `linear` for many tokens and both of its gradients as tiled products, which differ in B and its packing.
public final class TiledProducts implements Products {
    /// Rows whose pieces are copied to each tile together. Tiles are at large strides, so their lines would not stay in
    /// the L1 cache from one row to the next; rows may be too, so that it holds few of them.
    static final int TRANSPOSED_ROWS = 16;

    private final Forward forward;
    private final ForwardKept forwardKept;
    private final KeptPanels kept;
    private final BackwardInput backwardInput;
    private final BackwardWeight backwardWeight;
    private final Transposed transposed;

    /// @param tiles the inner loops
    /// @param memory allocates memory of a size, aligned to 64, for weights that stay packed
    public TiledProducts(Workers workers, Tiles tiles, LongFunction<MemorySegment> memory) {
        forward = new Forward(workers, tiles);
        kept = new KeptPanels(workers, tiles, memory);
        forwardKept = new ForwardKept(workers, tiles);
        backwardInput = new BackwardInput(workers, tiles);
        backwardWeight = new BackwardWeight(workers, tiles);
        transposed = new Transposed(workers, tiles);
    }

    @Override
    public void linear(Tensor y, Tensor x, Matrix w) {
        forward.w = w;
        forward.output(y.address(), y.rowBytes(), x.rows(), w.rows(), false);
        forward.run(x.address(), x.rowBytes(), x.cols(), forward.chunkCols(x.rows(), w.rows()));
    }

    @Override
    public void linearPacked(Tensor y, Tensor x, Matrix w) {
        MemorySegment panels = kept.of(w, x.rows());
        if (panels == null) {
            linear(y, x, w);
            return;
        }
        forwardKept.panels = panels.address();
        forwardKept.stride = kept.panelBytes(w.cols());
        forwardKept.output(y.address(), y.rowBytes(), x.rows(), w.rows(), false);
        forwardKept.run(x.address(), x.rowBytes(), x.cols(), forwardKept.chunkCols(x.rows(), w.rows()));
        Reference.reachabilityFence(panels);
    }

    @Override
    public void linearBackwardInput(Tensor dx, Tensor dy, Matrix w) {
        backwardInput.w = w;
        backwardInput.output(dx.address(), dx.rowBytes(), dx.rows(), dx.cols(), true);
        // Whole blocks; the last panel may be narrow.
        int block = w instanceof Tensor t ? t.dtype().blockElements() : 1;
        int cols = backwardInput.chunkCols(dx.rows(), dx.cols());
        backwardInput.run(dy.address(), dy.rowBytes(), dy.cols(), Math.ceilDiv(cols, block) * block);
    }

    @Override
    public void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        backwardWeight.x = x;
        backwardWeight.output(dw.address(), dw.rowBytes(), dw.rows(), dw.cols(), true);
        backwardWeight.runTiled(transposed.of(dy), x.rows(), backwardWeight.chunkCols(dw.rows(), dw.cols()));
    }

    /// A transposed: dy `[N,R]` as tiles of columns, `[R / rows][N][rows]`.
    private static final class Transposed extends RangeTask {
        private final Tiles tiles;
        private final Scratch scratch = new Scratch();
        private Tensor dy;
        private long to;

        Transposed(Workers workers, Tiles tiles) {
            super(workers);
            this.tiles = tiles;
        }

        long of(Tensor dy) {
            this.dy = dy;
            int tileRows = tiles.rows();
            to = scratch.reserve(4L * Math.ceilDiv(dy.cols(), tileRows) * tileRows * dy.rows());
            distribute(dy.rows(), 4L * dy.cols());
            return to;
        }

        @Override
        protected void range(int from, int end, int worker) {
            int rows = dy.rows();
            int cols = dy.cols();
            int tileRows = tiles.rows();
            int whole = cols / tileRows * tileRows;
            for (int n = from; n < end; n += TRANSPOSED_ROWS) {
                int count = Math.min(TRANSPOSED_ROWS, end - n);
                long row = dy.address() + n * dy.rowBytes();
                for (int i = 0; i < whole; i += tileRows) {
                    long tile = to + 4L * ((long) i * rows + (long) n * tileRows);
                    tiles.collect(row + 4L * i, dy.rowBytes(), count, tile);
                }
            }
            for (int n = from; n < end && whole < cols; n++) {
                long row = dy.address() + n * dy.rowBytes();
                long last = to + 4L * ((long) whole * rows + (long) n * tileRows);
                for (int j = 0; j < tileRows; j++) {
                    Memory.f32(last + 4L * j, whole + j < cols ? Memory.f32(row + 4L * (whole + j)) : 0);
                }
            }
        }
    }

    /// `y[n,r] = Σ_k x[n,k] · w[r,k]`: rows of w are columns of B.
    private static final class Forward extends TiledProduct {
        private final Scratch[] decoded;
        private Matrix w;

        Forward(Workers workers, Tiles tiles) {
            super(workers, tiles);
            decoded = Scratch.each(workers.count());
        }

        @Override
        long panels(int col, int cols, int k0, int count, long to, int worker) {
            switch (w) {
                case Tensor t -> {
                    for (int i = 0; i < cols; i += tiles.cols()) {
                        tiles.transpose(t.dtype(), t.address() + (col + i) * t.rowBytes() + t.dtype().bytes(k0),
                                t.rowBytes(), Math.min(tiles.cols(), cols - i), count,
                                to + i / tiles.cols() * partBytes, worker);
                    }
                }
                case QuantizedMatrix c -> {
                    long at = decoded[worker].reserve(4L * cols * count);
                    tiles.decode(c, col, cols, k0, count, at, worker);
                    for (int i = 0; i < cols; i += tiles.cols()) {
                        tiles.transpose(DType.F32, at + 4L * i * count, 4L * count, Math.min(tiles.cols(), cols - i),
                                count,
                                to + i / tiles.cols() * partBytes, worker);
                    }
                }
            }
            return to;
        }
    }

    /// `Forward` with panels that are kept.
    private static final class ForwardKept extends TiledProduct {
        private long panels;
        private long stride;

        ForwardKept(Workers workers, Tiles tiles) {
            super(workers, tiles);
        }

        @Override
        long panels(int col, int cols, int k0, int count, long memory, int worker) {
            return panels + col / tiles.cols() * stride + k0 * tiles.panelBytes();
        }

        @Override
        long panelStride() {
            return stride;
        }
    }

    /// `dx[n,k] += Σ_r dy[n,r] · w[r,k]`: w is B.
    private static final class BackwardInput extends TiledProduct {
        private final Scratch[] decoded;
        private Matrix w;

        BackwardInput(Workers workers, Tiles tiles) {
            super(workers, tiles);
            decoded = Scratch.each(workers.count());
        }

        @Override
        long panels(int col, int cols, int k0, int count, long to, int worker) {
            switch (w) {
                case Tensor t -> tiles.straight(t.dtype(), t.address() + k0 * t.rowBytes() + t.dtype().bytes(col),
                        t.rowBytes(), count, cols, to, partBytes, worker);
                case QuantizedMatrix c -> {
                    long at = decoded[worker].reserve(4L * cols * count);
                    tiles.decode(c, k0, count, col, cols, at, worker);
                    tiles.straight(DType.F32, at, 4L * cols, count, cols, to, partBytes, worker);
                }
            }
            return to;
        }
    }

    /// `dw[r,k] += Σ_n dy[n,r] · x[n,k]`: x is B, dy transposed is A.
    private static final class BackwardWeight extends TiledProduct {
        private Tensor x;

        BackwardWeight(Workers workers, Tiles tiles) {
            super(workers, tiles);
        }

        @Override
        long panels(int col, int cols, int k0, int count, long to, int worker) {
            long from = x.address() + k0 * x.rowBytes() + 4L * col;
            tiles.straight(x.dtype(), from, x.rowBytes(), count, cols, to, partBytes, worker);
            return to;
        }
    }

    /// Panels of F32 weights, kept in memory (`PackedWeightCache`). Transposing a weight takes a quarter of the time of
    /// multiplying 128 tokens by it, and twice the time of multiplying 8. A weight is packed when the same values are
    /// multiplied a second time: training changes them after each use. Weights of mapped files are not packed, since
    /// they would be in memory twice.
    static final class KeptPanels extends RangeTask implements PackedWeightCache.Maker {
        /// For more tokens, transposing takes a few percent.
        private static final int MAX_TOKENS = 1024;
        private static final String FORM = "F32 panels";

        private final PackedWeightCache forms = new PackedWeightCache();
        /// The version of each weight at its last multiplication.
        private final Map<Matrix, Long> versions = new WeakHashMap<>();
        private final Tiles tiles;
        private final LongFunction<MemorySegment> source;
        private Tensor w;
        private long to;

        /// @param source allocates memory of a size, aligned to 64
        KeptPanels(Workers workers, Tiles tiles, LongFunction<MemorySegment> source) {
            super(workers);
            this.tiles = tiles;
            this.source = source;
        }

        /// The panels of w, whose rows are columns of B, for a multiplication by `tokens` tokens; null if there are
        /// none.
        MemorySegment of(Matrix w, int tokens) {
            if (tokens > MAX_TOKENS || !(w instanceof Tensor t) || t.dtype() != DType.F32 || t.memory().isMapped()
                    || t.size() == 0) {
                return null;
            }
            MemorySegment known = forms.current(w);
            if (known != null) {
                return known;
            }
            Long before = versions.put(w, w.version());
            return before == null || before != w.version() ? null
                    : forms.make(w, FORM, Math.ceilDiv(w.rows(), tiles.cols()) * panelBytes(w.cols()), this);
        }

        /// Bytes from panel to panel, for columns of `depth` values: transposing writes whole groups of rows.
        long panelBytes(int depth) {
            int group = TiledProducts.TRANSPOSED_ROWS;
            return Math.ceilDiv(depth, group) * group * tiles.panelBytes();
        }

        @Override
        public MemorySegment memory(long sizeBytes) {
            return source.apply(sizeBytes);
        }

        @Override
        public void make(Matrix weight, long address) {
            w = (Tensor) weight;
            to = address;
            distribute(Math.ceilDiv(w.rows(), tiles.cols()), (long) tiles.cols() * w.cols());
            w = null;
        }

        @Override
        protected void range(int from, int end, int worker) {
            for (int panel = from; panel < end; panel++) {
                int row = panel * tiles.cols();
                for (int k = 0; k < w.cols(); k += TiledProduct.DEPTH) {
                    tiles.transpose(DType.F32, w.address() + row * w.rowBytes() + 4L * k, w.rowBytes(),
                            Math.min(tiles.cols(), w.rows() - row), Math.min(TiledProduct.DEPTH, w.cols() - k),
                            to + panel * panelBytes(w.cols()) + k * tiles.panelBytes(), worker);
                }
            }
        }
    }
}
