package glia.kernels.panels;

import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.GroupedGemm.Problem;
import java.lang.foreign.MemorySegment;

/// One matrix multiplication of `QuantizedProducts`: its panels, its tiles of tokens, and its work units.
///
/// All tiles have 16 tokens except the last, which has the rest, so that few functions serve all prompt lengths. A
/// *unit* of work is one panel, or as many as are multiplied at once, with one group of tiles; there are several groups
/// only if there are too few panels for the workers. Units are numbered group by group.
public final class TiledPanels {
    private static final int LINE = 64;
    /// The cost of reading a panel, in tokens.
    private static final int READING = 3;

    public Tensor y;
    public int yRow;
    public Tensor x;
    int xRow;
    public int numRows;
    public Matrix w;

    public PanelFormat format;
    /// Keeps the panels' memory reachable, if no map does.
    public MemorySegment panels;
    public long panelBytes;
    public int numPanels;
    /// Panels that are multiplied at once, and units of a group.
    public int panelsAtOnce;
    public int unitsOfGroup;
    public int numTiles;
    public int numGroups;
    public long tileBytes;
    /// The offset of the tiles from the first of all multiplications.
    public long tilesAt;
    /// The number of its first own tile, and of all tiles so far.
    public int firstTile;
    public int lastTile;
    /// The cost of a unit, in multiplications, and that of all units before this multiplication.
    long unitCost;
    public long costBefore;
    private PanelCode whole;
    private PanelCode rest;

    public void set(Problem p) {
        set(p.y(), p.yRow(), p.x(), p.xRow(), p.numRows(), p.w());
    }

    /// Sets the multiplication `y[yRow + n] = quantize(x[xRow + n]) · wᵀ` for the first `numRows` n.
    public void set(Tensor y, int yRow, Tensor x, int xRow, int numRows, Matrix w) {
        this.y = y;
        this.yRow = yRow;
        this.x = x;
        this.xRow = xRow;
        this.numRows = numRows;
        this.w = w;
        format = PanelFormat.of(w);
        panelBytes = format.panelBytes(w.cols());
        numPanels = Math.ceilDiv(w.rows(), PanelFormat.ROWS);
        numTiles = Math.ceilDiv(numRows, TileLayout.MAX_TOKENS);
    }

    /// Chooses the code for this number of tokens.
    public void take(PanelCode.Library library) {
        panelsAtOnce = library.panelsAtOnce(numRows);
        rest = library.of(format, numRows - firstToken(numTiles - 1), panelsAtOnce);
        whole = numTiles == 1 ? rest : library.of(format, TileLayout.MAX_TOKENS, panelsAtOnce);
        unitsOfGroup = Math.ceilDiv(numPanels, panelsAtOnce);
    }

    /// Places the work after that of another multiplication, whose tiles it shares if possible.
    ///
    /// @param before the other; null for the first
    /// @param groups the desired number of groups, if there are as many tiles
    public void layOut(TiledPanels before, int groups, PackedWeights weights) {
        panels = weights.of(format, w);
        tileBytes = Math.ceilDiv(whole.layout().maxBytes(w.cols()), LINE) * LINE;
        numGroups = Math.min(numTiles, groups);
        unitCost = (long) panelsAtOnce * PanelFormat.ROWS * w.cols() * (numRows / numGroups + READING);
        boolean shares = before != null && before.x == x && before.xRow == xRow && before.numRows == numRows
                && before.format == format;
        costBefore = before == null ? 0 : before.costAfter();
        tilesAt = before == null ? 0 : shares ? before.tilesAt : before.tilesEnd();
        firstTile = before == null ? 0 : before.lastTile;
        lastTile = firstTile + (shares ? 0 : numTiles);
    }

    public void release() {
        y = null;
        x = null;
        w = null;
        panels = null;
    }

    public long tilesEnd() {
        return tilesAt + numTiles * tileBytes;
    }

    public int numUnits() {
        return numGroups * unitsOfGroup;
    }

    /// The cost of all multiplications so far.
    public long costAfter() {
        return costBefore + numUnits() * unitCost;
    }

    /// The first unit whose work begins at or after `cost`.
    public int unitAt(long cost) {
        return (int) Math.clamp(Math.ceilDiv(cost - costBefore, unitCost), 0L, numUnits());
    }

    /// The number of a unit's first panel.
    public int firstPanel(int unit) {
        return unit % unitsOfGroup * panelsAtOnce;
    }

    /// The address of a panel.
    public long panel(int number) {
        return panels.address() + number * panelBytes;
    }

    public int firstToken(int tile) {
        return tile * TileLayout.MAX_TOKENS;
    }

    public PanelCode code(int tile) {
        return tile == numTiles - 1 ? rest : whole;
    }

    /// Quantizes and packs some blocks of a tile.
    ///
    /// @param tiles the address of the first tile of all multiplications
    public void pack(int tile, int part, int parts, long tiles) {
        TileLayout layout = code(tile).layout();
        int blocks = x.cols() / PanelFormat.BLOCK;
        int first = (int) ((long) blocks * part / parts);
        int last = (int) (blocks * (part + 1L) / parts);
        long to = tiles + tilesAt + tile * tileBytes;
        long from = x.address() + (xRow + firstToken(tile)) * x.rowBytes() + 4L * PanelFormat.BLOCK * first;
        if (first < last) {
            code(tile).pack().call(from, x.rowBytes(), last - first, to + (long) first * layout.blockBytes(),
                    to + layout.lowTerms(blocks, first), 0);
        }
    }
}
