package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;

/// Rotary position embedding in place, https://arxiv.org/abs/2104.09864. Pair (a, b) at the angle t becomes `(a·cos t -
/// b·sin t, b·cos t + a·sin t)`.
final class Rotate extends RangeTask {
    private Tensor x;
    private int headSize;
    private RopeTable table;
    private long cosSin;
    private Runs runs;
    private float sign;

    Rotate(Workers workers) {
        super(workers);
    }

    void run(Tensor x, int headSize, RopeTable table, Runs runs, float sign) {
        assert x.dtype() == DType.F32 && x.rows() == runs.numTokens() && x.cols() % headSize == 0;
        assert 2 * table.numPairs() <= headSize;
        int numPositions = 0;
        for (int run = 0; run < runs.count(); run++) {
            numPositions = Math.max(numPositions, runs.position(run) + runs.end(run) - runs.start(run));
        }
        this.x = x;
        this.headSize = headSize;
        this.table = table;
        this.cosSin = table.upTo(numPositions);
        this.runs = runs;
        this.sign = sign;
        distribute(x.rows(), 2L * x.cols());
    }

    @Override
    protected void range(int from, int to, int worker) {
        int run = 0;
        for (int n = from; n < to; n++) {
            while (n >= runs.end(run)) {
                run++;
            }
            int position = runs.position(run) + n - runs.start(run);
            for (int at = 0; at < x.cols(); at += headSize) {
                head(x.address() + 4L * ((long) n * x.cols() + at), cosSin + position * table.rowBytes());
            }
        }
    }

    private void head(long head, long angles) {
        int numPairs = table.numPairs();
        boolean split = table.layout() == RopeTable.Layout.HALF_SPLIT;
        for (int i = 0; i < numPairs; i++) {
            long first = head + 4L * (split ? i : 2 * i);
            long second = head + 4L * (split ? i + numPairs : 2 * i + 1);
            float cos = Memory.f32(angles + 4L * i);
            float sin = sign * Memory.f32(angles + 4L * (numPairs + i));
            float a = Memory.f32(first);
            float b = Memory.f32(second);
            Memory.f32(first, a * cos - b * sin);
            Memory.f32(second, b * cos + a * sin);
        }
    }
}
