package glia.kernels.decode;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Looks up rows of a table and decodes them. Each call checks that the ids name rows of the table and that y has room
/// for the rows.
public final class Gather extends RangeTask {
    private final RowDecoder decoder;
    private Tensor y;
    private Matrix table;
    private int[] ids;

    public Gather(Workers workers, RowDecoder decoder) {
        super(workers);
        this.decoder = decoder;
    }

    /// Computes `y[n,:] = table[ids[n],:]` for the first `count` ids.
    public void run(Tensor y, Matrix table, int[] ids, int count) {
        if (y.dtype() != DType.F32 || y.cols() != table.cols() || y.rows() < count || ids.length < count) {
            throw new IllegalArgumentException(count + " of " + ids.length + " rows of " + table + " to " + y);
        }
        for (int n = 0; n < count; n++) {
            if (ids[n] < 0 || ids[n] >= table.rows()) {
                throw new IllegalArgumentException("row " + ids[n] + " of " + table);
            }
        }
        this.y = y;
        this.table = table;
        this.ids = ids;
        distribute(count, 2L * table.cols());
    }

    @Override
    protected void range(int from, int to, int worker) {
        for (int n = from; n < to; n++) {
            decoder.decode(table, ids[n], 1, 0, table.cols(), y.address() + n * y.rowBytes(), worker);
        }
    }
}
