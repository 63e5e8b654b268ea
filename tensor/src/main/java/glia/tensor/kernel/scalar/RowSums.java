package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Sums over rows, column by column: of all rows, in F64, or of rows with the same target row.
final class RowSums extends RangeTask {
    private Tensor to;
    private Tensor x;
    private int[] ids;
    private int count;
    private int frozenRow;

    RowSums(Workers workers) {
        super(workers);
    }

    void sum(Tensor sum, Tensor x) {
        assert sum.dtype() == DType.F32 && x.dtype() == DType.F32 && sum.size() > 0 && x.size() % sum.size() == 0;
        to = sum;
        this.x = x;
        ids = null;
        count = (int) (x.size() / sum.size());
        distribute((int) sum.size(), count);
    }

    void scatterAdd(Tensor y, Tensor x, int[] ids, int count, int frozenRow) {
        assert y.dtype() == DType.F32 && x.dtype() == DType.F32 && y.cols() == x.cols() && count <= x.rows();
        to = y;
        this.x = x;
        this.ids = ids;
        this.count = count;
        this.frozenRow = frozenRow;
        distribute(x.cols(), count);
    }

    @Override
    protected void range(int from, int until, int worker) {
        int cols = ids == null ? (int) to.size() : x.cols();
        for (int i = from; i < until; i++) {
            double sum = 0;
            for (int n = 0; n < count; n++) {
                float v = Memory.f32(x.address() + 4 * ((long) n * cols + i));
                if (ids == null) {
                    sum += v;
                } else if (ids[n] != frozenRow) {
                    assert ids[n] >= 0 && ids[n] < to.rows();
                    add((long) ids[n] * cols + i, v);
                }
            }
            if (ids == null) {
                add(i, sum);
            }
        }
    }

    private void add(long index, double value) {
        long address = to.address() + 4 * index;
        Memory.f32(address, (float) (Memory.f32(address) + value));
    }
}
