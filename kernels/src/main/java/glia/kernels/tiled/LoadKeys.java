package glia.kernels.tiled;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;

/// Decodes keys of consecutive positions to contiguous memory (see `Kernels.loadKeys`).
public final class LoadKeys extends RangeTask {
    private final Tiles tiles;
    private final Scratch[] scratch;
    private Tensor y;
    private KeyValues keyValues;
    private int position;

    /// @param tiles the inner loops
    public LoadKeys(Workers workers, Tiles tiles) {
        super(workers);
        this.tiles = tiles;
        scratch = Scratch.each(workers.count());
    }

    /// See `Kernels.loadKeys`.
    public void run(Tensor y, KeyValues keyValues, int position) {
        AttentionShape.check(y.dtype() == DType.F32 && y.cols() == keyValues.keyCols() && position >= 0
                && position + y.rows() <= keyValues.length(), y);
        this.y = y;
        this.keyValues = keyValues;
        this.position = position;
        distribute(y.rows(), y.cols());
    }

    @Override
    protected void range(int from, int to, int worker) {
        for (int row = from, end; row < to; row = end) {
            int at = position + row;
            end = Math.min(to, row + keyValues.pageTokens() - at % keyValues.pageTokens());
            load(keyValues.keyAddress(at), end - row, y.address() + row * y.rowBytes(), worker);
        }
    }

    private void load(long from, int rows, long to, int worker) {
        KeyValueType type = keyValues.type();
        int cols = type.wholeBlocks(y.cols());
        if (type == KeyValueType.F32) {
            MemorySegment.copy(Memory.ALL, from, Memory.ALL, to, rows * y.rowBytes());
        } else if (cols == y.cols()) {
            tiles.decode(type.dtype(), from, keyValues.keyRowBytes(), rows, cols, to, worker);
        } else {
            long decoded = scratch[worker].reserve(4L * cols);
            for (int r = 0; r < rows; r++) {
                tiles.decode(type.dtype(), from + r * keyValues.keyRowBytes(), 0, 1, cols, decoded, worker);
                MemorySegment.copy(Memory.ALL, decoded, Memory.ALL, to + r * y.rowBytes(), y.rowBytes());
            }
        }
    }
}
