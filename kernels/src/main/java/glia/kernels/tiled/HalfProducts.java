package glia.kernels.tiled;

import glia.kernels.tiled.PackedWeightCache.PackedHalfWeights;
import glia.kernels.tiled.Tiles.HalfTiles;
import glia.kernels.tiled.Tiles.Panels;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.PackedWeightStore;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;

/// Computes `linear` with FP16 or BF16 weights in F32 arithmetic. Weights of files are packed into panels at their
/// first use and cached (`PackedHalfWeights`), with the size of the file; the file's pages leave the process's memory.
/// Other weights are not packed, since they would be in memory twice.
public final class HalfProducts {
    /// Rows of a panel that are written together when rows are transposed.
    private static final int GROUP = 16;
    /// The version of the layout: packed panels are kept from one run of the program to another.
    private static final int LAYOUT = 1;

    private final Prepacked halves;
    private final Prepacked bfloats;

    /// @param halves the inner loops for F16
    /// @param bfloats those for BF16
    public HalfProducts(Workers workers, HalfTiles halves, HalfTiles bfloats) {
        this.halves = new Prepacked(workers, halves, DType.F16);
        this.bfloats = new Prepacked(workers, bfloats, DType.BF16);
    }

    /// Whether a weight is supported.
    public static boolean supports(Matrix w) {
        return w instanceof Tensor t && (t.dtype() == DType.F16 || t.dtype() == DType.BF16) && t.memory().isMapped()
                && t.cols() % 2 == 0 && t.size() > 0;
    }

    /// Sets the store in which panels are looked up and to which packed ones are offered.
    public void usePackedWeights(PackedWeightStore other) {
        halves.packed.usePackedWeights(other);
        bfloats.packed.usePackedWeights(other);
    }

    /// See `Kernels.linear`; for a supported w.
    ///
    /// @return false if there is no memory for its panels; then nothing is computed
    public boolean linear(Tensor y, Tensor x, Tensor w) {
        Prepacked kept = w.dtype() == DType.F16 ? halves : bfloats;
        MemorySegment panels = kept.packed.of(w);
        if (panels == null) {
            return false;
        }
        kept.panels = panels.address();
        kept.depth = w.cols();
        kept.output(y.address(), y.rowBytes(), x.rows(), w.rows(), false);
        kept.run(x.address(), x.rowBytes(), w.cols(), kept.chunkCols(x.rows(), w.rows()));
        java.lang.ref.Reference.reachabilityFence(panels);
        return true;
    }

    /// `y[n,r] = Σ_k x[n,k] · w[r,k]` with prepacked panels of w.
    private static final class Prepacked extends TiledProduct {
        private final HalfTiles half;
        private final PackedHalfWeights packed;
        private long panels;
        private int depth;

        Prepacked(Workers workers, HalfTiles tiles, DType type) {
            super(workers, tiles);
            half = tiles;
            packed = new PackedHalfWeights(
                    tiles, new Packing(workers, tiles), type + "x" + tiles.cols() + "/" + LAYOUT);
        }

        @Override
        long panels(int col, int cols, int k0, int count, long memory, int worker) {
            return panels + col / half.cols() * panelStride() + k0 * half.halfBytes();
        }

        @Override
        long panelStride() {
            return half.halfBytes() * depth;
        }
    }

    /// Transposes rows as pairs of values, and splits the pairs.
    private static final class Packing extends RangeTask implements Panels {
        private final HalfTiles tiles;
        private final Scratch[] scratch;
        private Tensor w;
        private long to;

        Packing(Workers workers, HalfTiles tiles) {
            super(workers);
            this.tiles = tiles;
            scratch = Scratch.each(workers.count());
        }

        @Override
        public long sizeBytes(int cols, int depth) {
            return Math.ceilDiv(cols, tiles.cols()) * tiles.halfBytes() * depth;
        }

        @Override
        public void transposed(Tensor w, long to) {
            this.w = w;
            this.to = to;
            distribute(Math.ceilDiv(w.rows(), tiles.cols()), (long) tiles.cols() * w.cols());
            this.w = null;
        }

        @Override
        protected void range(int from, int end, int worker) {
            int pairs = w.cols() / 2;
            long transposed = scratch[worker].reserve(Math.ceilDiv(pairs, GROUP) * GROUP * tiles.panelBytes());
            for (int panel = from; panel < end; panel++) {
                int row = panel * tiles.cols();
                tiles.transpose(DType.F32, w.address() + row * w.rowBytes(), w.rowBytes(),
                        Math.min(tiles.cols(), w.rows() - row), pairs, transposed, worker);
                tiles.split(transposed, pairs, to + panel * tiles.halfBytes() * w.cols());
            }
        }
    }
}
