package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Rows of a table, decoded.
final class Gather extends RangeTask {
    private final Scratch scratch;
    private Tensor y;
    private Tensor table;
    private int[] ids;

    Gather(Workers workers) {
        super(workers);
        scratch = new Scratch(workers);
    }

    void run(Tensor y, Tensor table, int[] ids, int count) {
        assert y.dtype() == DType.F32 && y.cols() == table.cols() && y.rows() >= count && ids.length >= count;
        this.y = y;
        this.table = table;
        this.ids = ids;
        spread(count, 2L * table.cols());
    }

    @Override
    protected void range(int from, int to, int worker) {
        int cols = table.cols();
        float[] row = scratch.of(worker, cols);
        for (int n = from; n < to; n++) {
            assert ids[n] >= 0 && ids[n] < table.rows() : "id " + ids[n] + " of " + table;
            Decode.toFloats(table.dtype(), table.address() + ids[n] * table.rowBytes(), row, 0, cols);
            Memory.store(row, 0, y.address() + 4L * n * cols, cols);
        }
    }
}
