package glia.tensor.kernel.emitted;

import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.ProductList;
import glia.tensor.kernel.ProductList.Product;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Many products on whole numbers, as `RoundedProduct` does one: the workers meet once to pack all tiles of tokens, or
/// not at all where these are few, and once for all panels of all weights. Products of the same rows share their tiles.
/// So the many small products of a mixture of experts cost hardly more than one of their size.
///
/// What emitted code touches lies inside what is reserved here, for the same reasons as there; that rows and columns
/// fit each other a `ProductList` has checked.
final class RoundedEach {
    private static final int LINE = 64;
    /// Multiplications that are not worth the wake-up of another thread.
    private static final long SMALL = 16_384;
    /// What reading a panel costs, in tokens.
    private static final int READING = 3;

    private final Workers workers;
    private final PackedWeights weights;
    private final PanelCode.Library library;
    private final Packing packing;
    private final Multiplying multiplying;
    private MemorySegment activations = MemorySegment.NULL;

    // The present products.
    private ProductList list;
    private One[] products = new One[0];
    private int numProducts;

    RoundedEach(Workers workers, PackedWeights weights, PanelCode.Library library) {
        this.workers = workers;
        this.weights = weights;
        this.library = library;
        packing = new Packing(workers);
        multiplying = new Multiplying(workers.count());
    }

    /// One of the products. Its tile i has tokens `i · N / numTiles` to `(i + 1) · N / numTiles`.
    private static final class One {
        private PanelFormat format;
        private MemorySegment panels;
        private PanelCode small;
        private PanelCode large;
        private int numPanels;
        private int numTiles;
        private long panelBytes;
        private long tileBytes;
        /// Where the tiles begin, from the first of all.
        private long tilesAt;
        /// The number of tiles of its own before them, and of all products so far.
        private int firstTile;
        private int lastTile;
        /// What a panel costs, and all panels of the products before.
        private long panelCost;
        private long costBefore;

        private int firstToken(int tile, int tokens) {
            return (int) ((long) tile * tokens / numTiles);
        }

        private PanelCode code(int tile, int tokens) {
            return firstToken(tile + 1, tokens) - firstToken(tile, tokens) == small.layout().tokens() ? small : large;
        }
    }

    /// Whether there is code for all products of a list.
    static boolean serves(ProductList list) {
        for (int i = 0; i < list.size(); i++) {
            Matrix w = list.get(i).w();
            if (!RoundedProduct.serves(w) || w.cols() == 0 || w.rows() == 0) {
                return false;
            }
        }
        return true;
    }

    void run(ProductList productList) {
        list = productList;
        numProducts = list.size();
        if (numProducts == 0) {
            return;
        }
        if (products.length < numProducts) {
            int known = products.length;
            products = Arrays.copyOf(products, numProducts);
            Arrays.setAll(products, i -> i < known ? products[i] : new One());
        }
        for (int i = 0; i < numProducts; i++) {
            prepare(products[i], list.get(i), i);
        }
        One last = products[numProducts - 1];
        long bytes = 0;
        for (int i = 0; i < numProducts; i++) {
            bytes = Math.max(bytes, products[i].tilesAt + products[i].numTiles * products[i].tileBytes);
        }
        if (activations.byteSize() < bytes) {
            activations = SystemMemory.allocate(Arena.ofAuto(), bytes);
        }
        packing.start(last.lastTile);
        multiplying.start(last.costBefore + last.numPanels * last.panelCost);
        for (int i = 0; i < numProducts; i++) {
            java.lang.ref.Reference.reachabilityFence(products[i].panels);
            products[i].panels = null;
        }
        list = null;
    }

    private void prepare(One one, Product p, int i) {
        one.format = PanelFormat.of(p.w());
        one.panels = weights.of(one.format, p.w());
        one.panelBytes = one.format.panelBytes(p.w().cols());
        one.numPanels = Math.ceilDiv(p.w().rows(), PanelFormat.ROWS);
        one.numTiles = Math.ceilDiv(p.numRows(), TileLayout.MOST_TOKENS);
        one.small = library.of(one.format, p.numRows() / one.numTiles);
        one.large = library.of(one.format, Math.ceilDiv(p.numRows(), one.numTiles));
        one.tileBytes = Math.ceilDiv(one.large.layout().mostBytes(p.w().cols()), LINE) * LINE;
        one.panelCost = (long) PanelFormat.ROWS * p.w().cols() * (p.numRows() + READING);
        if (i == 0) {
            one.tilesAt = 0;
            one.costBefore = 0;
            one.firstTile = 0;
            one.lastTile = one.numTiles;
            return;
        }
        One before = products[i - 1];
        one.costBefore = before.costBefore + before.numPanels * before.panelCost;
        boolean shares = p.sharesInput(list.get(i - 1)) && one.format == before.format;
        one.tilesAt = shares ? before.tilesAt : before.tilesAt + before.numTiles * before.tileBytes;
        one.firstTile = before.lastTile;
        one.lastTile = before.lastTile + (shares ? 0 : one.numTiles);
    }

    /// Packs the tiles.
    private final class Packing extends RangeTask {
        Packing(Workers workers) {
            super(workers);
        }

        void start(int tiles) {
            Product first = list.get(0);
            spread(tiles, (long) Math.min(first.numRows(), TileLayout.MOST_TOKENS) * first.x().cols());
        }

        @Override
        protected void range(int from, int to, int worker) {
            for (int i = 0; i < numProducts; i++) {
                One one = products[i];
                for (int tile = Math.max(from, one.firstTile); tile < Math.min(to, one.lastTile); tile++) {
                    pack(one, list.get(i), tile - one.firstTile);
                }
            }
        }

        private void pack(One one, Product p, int tile) {
            Tensor x = p.x();
            int row = p.xRow() + one.firstToken(tile, p.numRows());
            one.code(tile, p.numRows()).pack().call(x.address() + row * x.rowBytes(), x.rowBytes(),
                    x.cols() / PanelFormat.BLOCK, activations.address() + one.tilesAt + tile * one.tileBytes, 0, 0);
        }
    }

    /// Multiplies panels with tiles. A chunk has panels of about equal cost together, whatever products they are of.
    private final class Multiplying implements Workers.Task {
        private final MemorySegment workAreas;
        private final CollectedResults[] results;
        private long cost;
        private int numChunks;

        Multiplying(int numWorkers) {
            workAreas = WorkArea.each(numWorkers);
            results = CollectedResults.each(numWorkers, library.level());
        }

        void start(long all) {
            cost = all;
            numChunks = all < SMALL ? 1 : workers.chunksFor(Math.ceilDiv(all, products[0].panelCost));
            workers.run(this, numChunks);
        }

        @Override
        public void run(int chunk, int worker) {
            long from = cost * chunk / numChunks;
            long to = cost * (chunk + 1) / numChunks;
            for (int i = 0; i < numProducts; i++) {
                One one = products[i];
                int first = panelAt(one, from);
                int last = panelAt(one, to);
                if (first < last) {
                    long end = one.panels.address() + last * one.panelBytes;
                    long gap = to < cost ? next(i, to, chunk) - end : 0;
                    panels(one, list.get(i), first, last, gap, worker);
                }
            }
        }

        /// The first panel whose costs begin at or after `cost`.
        private static int panelAt(One one, long cost) {
            return (int) Math.clamp(Math.ceilDiv(cost - one.costBefore, one.panelCost), 0L, one.numPanels);
        }

        /// Where the panel lies that the worker probably multiplies after product i's part of a chunk: the next
        /// product's in the same chunk, or the first of its next chunk, as the others have those in between.
        private long next(int i, long to, int chunk) {
            if (i + 1 < numProducts && products[i + 1].costBefore < to) {
                return products[i + 1].panels.address();
            }
            long from = cost * Math.min(numChunks - 1, chunk + workers.count()) / numChunks;
            int product = i;
            while (product + 1 < numProducts && products[product + 1].costBefore <= from) {
                product++;
            }
            One one = products[product];
            return one.panels.address() + panelAt(one, from) * one.panelBytes;
        }

        /// @param gap bytes from the end of the panels to the one that is needed next
        private void panels(One one, Product p, int first, int last, long gap, int worker) {
            int units = p.w().cols() / PanelFormat.BLOCK / one.format.scales.blocks;
            int row = first * PanelFormat.ROWS;
            long workArea = WorkArea.of(workAreas, worker);
            CollectedResults out = results[worker];
            out.begin(last - first, p.numRows(), p.y().address() + p.yRow() * p.y().rowBytes() + 4L * row,
                    p.y().rowBytes());
            for (int tile = 0; tile < one.numTiles; tile += RoundedProduct.TILES) {
                int end = Math.min(tile + RoundedProduct.TILES, one.numTiles);
                for (int panel = first; panel < last; panel++) {
                    WorkArea.panel(workArea, Math.min(PanelFormat.ROWS, p.w().rows() - panel * PanelFormat.ROWS),
                            one.panelBytes + (panel == last - 1 ? gap : 0));
                    for (int i = tile; i < end; i++) {
                        PanelCode code = one.code(i, p.numRows());
                        (i == tile ? code.far() : code.near()).call(one.panels.address() + panel * one.panelBytes,
                                activations.address() + one.tilesAt + i * one.tileBytes,
                                out.of(panel - first) + one.firstToken(i, p.numRows()) * out.rowBytes(), units,
                                out.rowBytes(), workArea);
                    }
                }
            }
            out.end(Math.min(last * PanelFormat.ROWS, p.w().rows()) - row);
        }
    }
}
