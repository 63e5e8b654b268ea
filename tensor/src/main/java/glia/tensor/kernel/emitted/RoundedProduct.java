package glia.tensor.kernel.emitted;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;

/// `y = round(x) · wᵀ` on whole numbers: weights are packed once (`PackedWeights`), activations for each product
/// (`TilePack`), and every panel is multiplied with every tile of tokens (`PanelProduct`).
///
/// What emitted code touches lies inside what is reserved here: the shapes of x, y and w are checked against each
/// other before anything is called; tiles are at least `mostBytes` apart; a panel's code reads `panelBytes` at most and
/// writes as many rows as the work area names, which are those that w has.
final class RoundedProduct {
    /// Tiles that pass by a panel before the next panel, so that both stay in the second cache.
    static final int TILES = 4;
    private static final int LINE = 64;

    private final Packing packing;
    private final Product product;
    private final PackedWeights weights;
    private final PanelCode.Library library;
    private MemorySegment activations = MemorySegment.NULL;

    // The present product. Tile i has tokens i · N / numTiles to (i + 1) · N / numTiles: at most two sizes.
    private PanelFormat format;
    private Tensor y;
    private Tensor x;
    private int numTiles;
    private int numPanels;
    private int numGroups;
    private long tileBytes;
    private long panelBytes;
    private long panels;
    private PanelCode small;
    private PanelCode large;

    RoundedProduct(Workers workers, Level level) {
        library = new PanelCode.Library(level);
        packing = new Packing(workers);
        product = new Product(workers, level);
        weights = new PackedWeights(workers);
    }

    /// The same for many products, with the same packed weights.
    RoundedEach each(Workers workers) {
        return new RoundedEach(workers, weights, library);
    }

    /// The same for many tokens, with the same packed weights.
    WordProduct words(Workers workers) {
        return new WordProduct(workers, weights);
    }

    /// Who is told of the bytes of each weight that is packed.
    void onPacking(LongConsumer bytes) {
        weights.onPacking(bytes);
    }

    /// Whether there is code for a weight.
    static boolean serves(Matrix w) {
        return PanelFormat.of(w) != null;
    }

    /// @throws IllegalArgumentException if the shapes or types do not fit each other
    static void check(Tensor y, Tensor x, Matrix w) {
        if (x.dtype() != DType.F32 || y.dtype() != DType.F32 || !serves(w) || x.cols() != w.cols()
                || y.rows() != x.rows() || y.cols() != w.rows()) {
            throw new IllegalArgumentException("no product of " + x + " and " + w + " in " + y);
        }
    }

    /// @throws IllegalArgumentException if the shapes or types do not fit each other
    void run(Tensor y, Tensor x, Matrix w) {
        check(y, x, w);
        if (y.size() == 0) {
            return;
        }
        if (x.cols() == 0) {
            y.zero();
            return;
        }
        format = PanelFormat.of(w);
        MemorySegment packed = weights.of(format, w);
        this.y = y;
        this.x = x;
        panels = packed.address();
        panelBytes = format.panelBytes(w.cols());
        numPanels = Math.ceilDiv(w.rows(), PanelFormat.ROWS);
        numTiles = Math.ceilDiv(x.rows(), TileLayout.MOST_TOKENS);
        small = library.of(format, x.rows() / numTiles);
        large = library.of(format, Math.ceilDiv(x.rows(), numTiles));
        tileBytes = Math.ceilDiv(large.layout().mostBytes(x.cols()), LINE) * LINE;
        if (activations.byteSize() < numTiles * tileBytes) {
            activations = SystemMemory.allocate(Arena.ofAuto(), numTiles * tileBytes);
        }
        packing.start();
        product.start(w);
        java.lang.ref.Reference.reachabilityFence(packed);
        this.y = null;
        this.x = null;
    }

    private int firstToken(int tile) {
        return (int) ((long) tile * x.rows() / numTiles);
    }

    private PanelCode code(int tile) {
        return firstToken(tile + 1) - firstToken(tile) == small.layout().tokens() ? small : large;
    }

    private long tile(int i) {
        return activations.address() + i * tileBytes;
    }

    /// Packs the tiles.
    private final class Packing extends RangeTask {
        Packing(Workers workers) {
            super(workers);
        }

        void start() {
            spread(numTiles, x.size() / numTiles);
        }

        @Override
        protected void range(int from, int to, int worker) {
            for (int i = from; i < to; i++) {
                code(i).pack().call(x.address() + firstToken(i) * x.rowBytes(), x.rowBytes(),
                        x.cols() / PanelFormat.BLOCK, tile(i), 0, 0);
            }
        }
    }

    /// Multiplies panels with tiles. A unit is one panel with one group of tiles; there are several groups only where
    /// panels are too few for the workers.
    private final class Product extends RangeTask {
        private final Workers workers;
        private final MemorySegment workAreas;
        private final CollectedResults[] results;

        Product(Workers workers, Level level) {
            super(workers);
            this.workers = workers;
            workAreas = WorkArea.each(workers.count());
            results = CollectedResults.each(workers.count(), level);
        }

        void start(Matrix w) {
            numGroups = Math.min(numTiles, Math.ceilDiv(workers.chunksFor(Long.MAX_VALUE), numPanels));
            spread(numGroups * numPanels, (long) PanelFormat.ROWS * w.cols() * x.rows() / numGroups);
        }

        @Override
        protected void range(int from, int to, int worker) {
            CollectedResults out = results[worker];
            for (int group = from / numPanels; group * numPanels < to; group++) {
                int firstPanel = Math.max(from - group * numPanels, 0);
                int lastPanel = Math.min(to - group * numPanels, numPanels);
                int row = firstPanel * PanelFormat.ROWS;
                out.begin(lastPanel - firstPanel, x.rows(), y.address() + 4L * row, y.rowBytes());
                int end = (int) ((group + 1L) * numTiles / numGroups);
                for (int tile = (int) ((long) group * numTiles / numGroups); tile < end; tile += TILES) {
                    for (int panel = firstPanel; panel < lastPanel; panel++) {
                        // Behind the last one the worker's next chunk is awaited: the others have those in between.
                        int ahead = panel < lastPanel - 1 ? 1 : 1 + (workers.count() - 1) * (to - from);
                        panel(panel, ahead, tile, Math.min(tile + TILES, end), out.of(panel - firstPanel), worker);
                    }
                }
                out.end(Math.min(lastPanel * PanelFormat.ROWS, y.cols()) - row);
            }
        }

        /// @param ahead how many panels further the next one is
        /// @param at where the first token's results go
        private void panel(int panel, int ahead, int from, int to, long at, int worker) {
            int units = x.cols() / PanelFormat.BLOCK / format.scales.blocks;
            long rowBytes = results[worker].rowBytes();
            long workArea = WorkArea.of(workAreas, worker);
            WorkArea.panel(workArea, Math.min(PanelFormat.ROWS, y.cols() - panel * PanelFormat.ROWS),
                    ahead * panelBytes);
            for (int i = from; i < to; i++) {
                PanelCode code = code(i);
                (i == from ? code.far() : code.near()).call(panels + panel * panelBytes, tile(i),
                        at + firstToken(i) * rowBytes, units, rowBytes, workArea);
            }
        }
    }
}
