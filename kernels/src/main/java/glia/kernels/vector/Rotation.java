package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.kernels.vector.Simd.*;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;
import jdk.incubator.vector.FloatVector;

/// Rotary position embedding of split halves, in place (https://arxiv.org/abs/2104.09864): pair (a, b) at the angle t
/// becomes `(a·cos t - b·sin t, b·cos t + a·sin t)`.
public final class Rotation extends RangeTask {
    private Tensor x;
    private int headSize;
    private long cosSin;
    private int numPairs;
    private Runs runs;
    private float sign;

    public Rotation(Workers workers) {
        super(workers);
    }

    public void run(Tensor x, int headSize, RopeTable table, Runs runs, float sign) {
        assert x.dtype() == DType.F32 && x.rows() == runs.numTokens() && x.cols() % headSize == 0;
        assert 2 * table.numPairs() <= headSize && table.layout() == RopeTable.Layout.HALF_SPLIT;
        int numPositions = 0;
        for (int run = 0; run < runs.count(); run++) {
            numPositions = Math.max(numPositions, runs.position(run) + runs.end(run) - runs.start(run));
        }
        this.x = x;
        this.headSize = headSize;
        this.cosSin = table.upTo(numPositions);
        this.numPairs = table.numPairs();
        this.runs = runs;
        this.sign = sign;
        distribute(x.rows(), x.cols());
    }

    @Override
    protected void range(int from, int to, int worker) {
        int run = 0;
        for (int n = from; n < to; n++) {
            while (n >= runs.end(run)) {
                run++;
            }
            int position = runs.position(run) + n - runs.start(run);
            long token = x.address() + n * x.rowBytes();
            token(token, x.cols() / headSize, headSize, cosSin + 8L * position * numPairs, numPairs, sign);
        }
    }

    private static void token(long token, int heads, int headSize, long cosines, int numPairs, float sign) {
        long sines = cosines + 4L * numPairs;
        for (int h = 0; h < heads; h++) {
            long first = token + 4L * h * headSize;
            long second = first + 4L * numPairs;
            int i = 0;
            for (; i <= numPairs - LANES; i += LANES) {
                FloatVector cos = FloatVector.fromMemorySegment(F, ALL, cosines + 4L * i & ADDRESS, ORDER);
                FloatVector sin = FloatVector.fromMemorySegment(F, ALL, sines + 4L * i & ADDRESS, ORDER).mul(sign);
                FloatVector a = FloatVector.fromMemorySegment(F, ALL, first + 4L * i & ADDRESS, ORDER);
                FloatVector b = FloatVector.fromMemorySegment(F, ALL, second + 4L * i & ADDRESS, ORDER);
                a.mul(cos).sub(b.mul(sin)).intoMemorySegment(ALL, first + 4L * i & ADDRESS, ORDER);
                b.mul(cos).add(a.mul(sin)).intoMemorySegment(ALL, second + 4L * i & ADDRESS, ORDER);
            }
            for (; i < numPairs; i++) {
                float cos = Memory.f32(cosines + 4L * i);
                float sin = sign * Memory.f32(sines + 4L * i);
                float a = Memory.f32(first + 4L * i);
                float b = Memory.f32(second + 4L * i);
                Memory.f32(first + 4L * i, a * cos - b * sin);
                Memory.f32(second + 4L * i, b * cos + a * sin);
            }
        }
    }
}
