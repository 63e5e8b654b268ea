package glia.kernels.tiled;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.LongFunction;

/// Panels of F32 weights, kept in memory (`PackedWeightCache`). Transposing a weight takes a quarter of the time of
/// multiplying 128 tokens by it, and twice the time of multiplying 8. A weight is packed when the same values are
/// multiplied a second time: training changes them after each use. Weights of mapped files are not packed, since they
/// would be in memory twice.
final class KeptPanels extends RangeTask implements PackedWeightCache.Maker {
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

    /// The panels of w, whose rows are columns of B, for a multiplication by `tokens` tokens; null if there are none.
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
