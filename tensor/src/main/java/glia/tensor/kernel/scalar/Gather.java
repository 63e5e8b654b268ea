package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.MatrixReader;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Looks up rows of a table and decodes them.
final class Gather extends RangeTask {
    private final Scratch scratch;
    private final MatrixReader[] readers;
    private Tensor y;
    private Matrix table;
    private int[] ids;

    Gather(Workers workers) {
        super(workers);
        scratch = new Scratch(workers);
        readers = MatrixReader.each(workers.count());
    }

    void run(Tensor y, Matrix table, int[] ids, int count) {
        assert y.dtype() == DType.F32 && y.cols() == table.cols() && y.rows() >= count && ids.length >= count;
        this.y = y;
        this.table = table;
        this.ids = ids;
        distribute(count, 2L * table.cols());
    }

    @Override
    protected void range(int from, int to, int worker) {
        int cols = table.cols();
        float[] row = scratch.of(worker, cols);
        for (int n = from; n < to; n++) {
            assert ids[n] >= 0 && ids[n] < table.rows() : "id " + ids[n] + " of " + table;
            readers[worker].read(table, ids[n], 0, cols, row);
            Memory.store(row, 0, y.address() + 4L * n * cols, cols);
        }
    }
}
