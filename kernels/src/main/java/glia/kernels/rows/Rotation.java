package glia.kernels.rows;

import glia.kernels.code.IsaLevel;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;

/// Rotary position embedding in place, by `RotateCode`, for several tokens of a run at a time. Each call checks that x
/// is F32, has a row for each token, and consists of whole heads that hold all pairs. The table is computed for all
/// positions first.
public final class Rotation extends RangeTask {
    /// Number of values in a call, which takes a few µs, unless a token has more.
    private static final int MAX_PER_CALL = 16_384;

    private final IsaLevel level;
    private RopeTable.Layout layout;
    private long x;
    private int cols;
    private int headSize;
    private long angles;
    private int numPairs;
    private Runs runs;
    private float sign;

    public Rotation(Workers workers, IsaLevel level) {
        super(workers);
        this.level = level;
    }

    /// @param sign 1 forward, -1 for the inverse rotation
    public void run(Tensor x, int headSize, RopeTable table, Runs runs, float sign) {
        if (x.dtype() != DType.F32 || x.rows() != runs.numTokens() || headSize < 1 || x.cols() % headSize != 0
                || 2L * table.numPairs() > headSize) {
            throw new IllegalArgumentException(x + " by heads of " + headSize + " with " + table.numPairs()
                    + " pairs, for " + runs.numTokens() + " tokens");
        }
        int numPositions = 0;
        for (int run = 0; run < runs.count(); run++) {
            numPositions = Math.max(numPositions, runs.position(run) + runs.end(run) - runs.start(run));
        }
        layout = table.layout();
        this.x = x.address();
        this.headSize = headSize;
        this.runs = runs;
        this.sign = sign;
        cols = x.cols();
        angles = table.upTo(numPositions);
        numPairs = table.numPairs();
        distribute(numPairs == 0 || cols == 0 ? 0 : x.rows(), cols);
    }

    @Override
    protected void range(int from, int to, int worker) {
        int most = Math.max(1, MAX_PER_CALL / cols);
        int run = 0;
        for (int n = from; n < to;) {
            while (n >= runs.end(run)) {
                run++;
            }
            int tokens = Math.min(most, Math.min(to, runs.end(run)) - n);
            long position = runs.position(run) + n - runs.start(run);
            RotateCode.of(level).rotate(layout, x + 4L * n * cols, tokens, cols / headSize, headSize,
                    angles + 8L * position * numPairs, numPairs, sign);
            n += tokens;
        }
    }
}
