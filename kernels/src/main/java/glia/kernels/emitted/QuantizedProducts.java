package glia.kernels.emitted;

import glia.kernels.amx.AmxCode;
import glia.kernels.amx.Int16Product;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Processor;
import glia.kernels.code.SystemMemory;
import glia.kernels.panels.PackedWeights;
import glia.kernels.panels.PanelCode;
import glia.kernels.panels.PanelFormat;
import glia.kernels.panels.TileLayout;
import glia.kernels.panels.TiledPanels;
import glia.kernels.panels.WorkerScratch;
import glia.kernels.tiled.Scratch;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.GroupedGemm;
import glia.tensor.kernel.PackedWeightStore;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// GEMM with int8 activations, `y = quantize(x) · wᵀ` in integer arithmetic, for one weight or many at once. Weights
/// are packed once (`PackedWeights`), activations for each multiplication (`TilePack`), and every panel is multiplied
/// by every tile of tokens (`PanelProduct`). The workers synchronize once to pack all tiles, or not at all if these are
/// small, and once for all panels of all weights. Multiplications of the same rows share their tiles. So the many small
/// multiplications of a mixture of experts cost hardly more than one of their total size.
///
/// Emitted code accesses only memory that is reserved here: the shapes of x, y and w are checked before any call; tiles
/// are at least `maxBytes` apart; a panel's code reads `panelBytes` at most and writes as many rows as the scratch
/// memory says, which are those of w.
public final class QuantizedProducts {
    /// Tiles that are multiplied by a panel before the next panel, so that both stay in the L2 cache.
    private static final int TILES = 4;
    /// Minimal number of parts of tiles a worker.
    private static final int PARTS_A_WORKER = 4;
    /// Number of multiplications below which waking another thread does not pay off.
    private static final long SMALL = 16_384;

    private final Workers workers;
    private final PackedWeights weights;
    private final PanelCode.Library library;
    private final Packing packing;
    private final Multiplying multiplying;
    private MemorySegment activations = MemorySegment.NULL;

    // The current matrix multiplications.
    private TiledPanels[] products = {new TiledPanels()};
    private int numProducts;

    public QuantizedProducts(Workers workers, IsaLevel level) {
        this.workers = workers;
        library = new PanelCode.Library(level);
        weights = new PackedWeights(workers);
        packing = new Packing(workers);
        multiplying = new Multiplying(workers.count());
    }

    /// GEMM for many tokens in 16-bit integers, with the same packed weights.
    Int16Product int16() {
        return new Int16Product(workers, weights);
    }

    /// Sets the store in which packed weights are looked up and to which new ones are offered.
    void usePackedWeights(PackedWeightStore store) {
        weights.usePackedWeights(store);
    }

    /// Whether a weight is supported.
    public static boolean supports(Matrix w) {
        return PanelFormat.of(w) != null;
    }

    /// Whether all problems of a list are supported.
    public static boolean supports(GroupedGemm list) {
        for (int i = 0; i < list.size(); i++) {
            if (!supports(list.get(i))) {
                return false;
            }
        }
        return true;
    }

    /// Whether a problem is supported.
    static boolean supports(GroupedGemm.Problem p) {
        return supports(p.w()) && p.w().cols() > 0 && p.w().rows() > 0;
    }

    /// Computes one matrix multiplication.
    ///
    /// @throws IllegalArgumentException if the shapes or types do not fit each other
    void run(Tensor y, Tensor x, Matrix w) {
        PanelFormat.check(y, x, w);
        if (y.size() == 0) {
            return;
        }
        if (x.cols() == 0) {
            y.zero();
            return;
        }
        numProducts = 1;
        products[0].set(y, 0, x, 0, x.rows(), w);
        run();
    }

    /// Computes supported problems.
    void run(GroupedGemm list) {
        numProducts = list.size();
        if (numProducts == 0) {
            return;
        }
        if (products.length < numProducts) {
            int known = products.length;
            products = Arrays.copyOf(products, numProducts);
            Arrays.setAll(products, i -> i < known ? products[i] : new TiledPanels());
        }
        for (int i = 0; i < numProducts; i++) {
            products[i].set(list.get(i));
        }
        run();
    }

    private void run() {
        int unitsOfGroups = 0;
        for (int i = 0; i < numProducts; i++) {
            products[i].take(library);
            unitsOfGroups += products[i].unitsOfGroup;
        }
        int groups = Math.ceilDiv(workers.chunksFor(Long.MAX_VALUE), unitsOfGroups);
        long bytes = 0;
        int units = 0;
        for (int i = 0; i < numProducts; i++) {
            TiledPanels one = products[i];
            one.layOut(i == 0 ? null : products[i - 1], groups, weights);
            bytes = Math.max(bytes, one.tilesEnd());
            units += one.numUnits();
        }
        if (activations.byteSize() < bytes) {
            activations = SystemMemory.allocate(Arena.ofAuto(), bytes);
        }
        TiledPanels last = products[numProducts - 1];
        packing.start(last.lastTile);
        multiplying.start(last.costAfter(), units);
        for (int i = 0; i < numProducts; i++) {
            java.lang.ref.Reference.reachabilityFence(products[i].panels);
            products[i].release();
        }
    }

    /// Packs the tiles; if they are few but not small, in parts, so that all workers have some.
    private final class Packing extends RangeTask {
        private int parts;

        Packing(Workers workers) {
            super(workers);
        }

        void start(int tiles) {
            TiledPanels first = products[0];
            long numbers = (long) Math.min(first.numRows, TileLayout.MAX_TOKENS) * first.x.cols();
            parts = tiles * numbers < SMALL ? 1 : Math.ceilDiv(PARTS_A_WORKER * workers.count(), tiles);
            distribute(tiles * parts, numbers / parts);
        }

        @Override
        protected void range(int from, int to, int worker) {
            for (int i = 0; i < numProducts; i++) {
                TiledPanels one = products[i];
                int end = Math.min(to, one.lastTile * parts);
                for (int n = Math.max(from, one.firstTile * parts); n < end; n++) {
                    one.pack(n / parts - one.firstTile, n % parts, parts, activations.address());
                }
            }
        }
    }

    /// Multiplies panels by tiles. A chunk has units of about equal total cost, from any of the problems.
    private final class Multiplying implements Workers.Task {
        private final MemorySegment workAreas;
        private final ResultBuffer[] results;
        private long cost;
        private int numChunks;

        Multiplying(int numWorkers) {
            workAreas = WorkerScratch.each(numWorkers);
            results = ResultBuffer.each(numWorkers, library.level());
        }

        void start(long all, int units) {
            cost = all;
            numChunks = all < SMALL ? 1 : workers.chunksFor(units);
            workers.run(this, numChunks);
        }

        @Override
        public void run(int chunk, int worker) {
            long from = cost * chunk / numChunks;
            long to = cost * (chunk + 1) / numChunks;
            for (int i = 0; i < numProducts; i++) {
                TiledPanels one = products[i];
                int first = one.unitAt(from);
                int last = one.unitAt(to);
                for (int unit = first, end; unit < last; unit = end) {
                    int group = unit / one.unitsOfGroup;
                    end = Math.min(last, (group + 1) * one.unitsOfGroup);
                    int lastPanel = Math.min(one.numPanels, one.firstPanel(end - 1) + one.panelsAtOnce);
                    long ahead = to < cost ? next(i, to, chunk) - one.panel(lastPanel - 1) : one.panelBytes;
                    panels(one, group, one.firstPanel(unit), lastPanel, ahead, worker);
                }
            }
        }

        /// The address of the panel that the worker probably multiplies after problem i's part of a chunk: the next
        /// problem's in the same chunk, or the first of its next chunk, since the other workers take those in between.
        private long next(int i, long to, int chunk) {
            if (i + 1 < numProducts && products[i + 1].costBefore < to) {
                return products[i + 1].panel(0);
            }
            long from = cost * Math.min(numChunks - 1, chunk + workers.count()) / numChunks;
            int product = i;
            while (product + 1 < numProducts && products[product + 1].costBefore <= from) {
                product++;
            }
            TiledPanels one = products[product];
            return one.panel(one.firstPanel(one.unitAt(from)));
        }

        /// @param ahead bytes from the last panel to the one needed next
        private void panels(TiledPanels one, int group, int first, int last, long ahead, int worker) {
            int units = one.w.cols() / PanelFormat.BLOCK / one.format.scales.blocks;
            int row = first * PanelFormat.ROWS;
            long tiles = activations.address() + one.tilesAt;
            long workArea = WorkerScratch.of(workAreas, worker);
            ResultBuffer out = results[worker];
            out.begin(last - first, one.panelsAtOnce, one.numRows,
                    one.y.address() + one.yRow * one.y.rowBytes() + 4L * row, one.y.rowBytes());
            int end = (int) ((group + 1L) * one.numTiles / one.numGroups);
            for (int tile = (int) ((long) group * one.numTiles / one.numGroups); tile < end; tile += TILES) {
                int lastTile = Math.min(tile + TILES, end);
                for (int panel = first, panels; panel < last; panel += panels) {
                    panels = Math.min(one.panelsAtOnce, last - panel);
                    int rows = Math.min(panels * PanelFormat.ROWS, one.w.rows() - panel * PanelFormat.ROWS);
                    long toNext = (panels - 1) * one.panelBytes + (panel + panels == last ? ahead : one.panelBytes);
                    WorkerScratch.panel(workArea, rows, toNext, one.panelBytes);
                    for (int i = tile; i < lastTile; i++) {
                        one.code(i).product(panels, i == tile).call(one.panel(panel), tiles + i * one.tileBytes,
                                out.of(panel - first) + one.firstToken(i) * out.rowBytes(), units, out.rowBytes(),
                                workArea);
                    }
                }
            }
            out.end(Math.min(last * PanelFormat.ROWS, one.w.rows()) - row);
        }
    }

    /// Buffers the results of a chunk's panels. On Intel's processors, stores of a panel's results, one cache line in
    /// each of as many rows as there are tokens, delay the reading of weights from memory; long pieces of rows do not.
    /// So results of up to one tile of tokens are buffered in the worker's memory and copied to their rows together.
    /// One object for each worker.
    static final class ResultBuffer {
        private static final int TOKEN_BYTES = 4 * PanelFormat.ROWS;
        private static final int PANEL_BYTES = TileLayout.MAX_TOKENS * TOKEN_BYTES;

        private final boolean buffers;
        private final Scratch memory = new Scratch();
        private boolean collects;
        private int tokens;
        private long to;
        private long toRowBytes;
        private long at;

        private ResultBuffer(IsaLevel level) {
            buffers = level.isWide() && Processor.here().isIntel();
        }

        /// Creates one for each of `count` workers.
        static ResultBuffer[] each(int count, IsaLevel level) {
            ResultBuffer[] all = new ResultBuffer[count];
            Arrays.setAll(all, _ -> new ResultBuffer(level));
            return all;
        }

        /// Begins a chunk.
        ///
        /// @param panelsAtOnce with several, results are neighbors and not buffered
        /// @param to the address of the first token's results of the chunk's first panel; tokens are `rowBytes` apart
        void begin(int numPanels, int panelsAtOnce, int tokens, long to, long rowBytes) {
            this.tokens = tokens;
            this.to = to;
            toRowBytes = rowBytes;
            collects = buffers && panelsAtOnce == 1 && tokens > 1 && tokens <= TileLayout.MAX_TOKENS;
            at = collects ? memory.reserve((long) numPanels * PANEL_BYTES) : to;
        }

        /// The address for the first token's results of one of the chunk's panels.
        long of(int panel) {
            return at + (long) panel * (collects ? PANEL_BYTES : TOKEN_BYTES);
        }

        /// Bytes from token to token at this address.
        long rowBytes() {
            return collects ? TOKEN_BYTES : toRowBytes;
        }

        /// Ends a chunk of so many rows of weights.
        void end(int rows) {
            if (collects) {
                AmxCode.move(false, to, toRowBytes, at, TileLayout.MAX_TOKENS, 2L * PANEL_BYTES, tokens, rows);
            }
        }
    }
}
