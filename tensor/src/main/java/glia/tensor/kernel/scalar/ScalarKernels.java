package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.format.MatrixReader;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.GradientKernels;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Positions;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.RopeRows;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.Attention.AttentionBackward;
import glia.tensor.kernel.scalar.Linear.LinearBackwardInput;
import glia.tensor.kernel.scalar.Linear.LinearBackwardWeight;
import glia.tensor.kernel.scalar.Softmax.Logits;

/// The scalar kernel backend: plain loops that define the results and run everywhere. Matrix multiplications accumulate
/// in F32, norms and `logSumExp` in F64. Allocates nothing once scratch memory has grown to the largest shapes.
public final class ScalarKernels implements Kernels {
    private final Workers workers;
    private final boolean isBatchInvariant;
    private final Linear linear;
    private final LinearBackwardInput linearBackwardInput;
    private final LinearBackwardWeight linearBackwardWeight;
    private final QuantizeActivations quantizeActivations;
    private final Gather gather;
    private final Norms norms;
    private final Rotate rotate;
    private final Pointwise pointwise;
    private final ScalarGradients gradients;
    private final Attention attention;
    private final AttentionBackward attentionBackward;

    /// @param workers the threads to use; the caller closes them
    public ScalarKernels(Workers workers) {
        this(workers, false);
    }

    private ScalarKernels(Workers workers, boolean isBatchInvariant) {
        this.workers = workers;
        this.isBatchInvariant = isBatchInvariant;
        linear = new Linear(workers);
        linearBackwardInput = new LinearBackwardInput(workers);
        linearBackwardWeight = new LinearBackwardWeight(workers);
        quantizeActivations = new QuantizeActivations(workers);
        gather = new Gather(workers);
        norms = new Norms(workers);
        rotate = new Rotate(workers);
        pointwise = new Pointwise(workers);
        gradients = new ScalarGradients(workers);
        attention = new Attention(workers);
        attentionBackward = new AttentionBackward(workers);
    }

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public Workers workers() {
        return workers;
    }

    @Override
    public boolean isBatchInvariant() {
        return isBatchInvariant;
    }

    /// The loops never depend on other rows; the flag only matters to operations outside of this class.
    @Override
    public Kernels batchInvariant() {
        return isBatchInvariant ? this : new ScalarKernels(workers, true);
    }

    @Override
    public void linear(Tensor y, Tensor x, Matrix w) {
        linear.run(y, x, w);
    }

    @Override
    public void linearBackwardInput(Tensor dx, Tensor dy, Matrix w) {
        linearBackwardInput.run(dx, dy, w);
    }

    @Override
    public void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        linearBackwardWeight.run(dw, dy, x);
    }

    @Override
    public void quantizeActivations(Tensor y, Tensor x) {
        quantizeActivations.run(y, x);
    }

    @Override
    public void gather(Tensor y, Matrix table, int[] ids, int count) {
        gather.run(y, table, ids, count);
    }

    @Override
    public void rmsNorm(Tensor y, Tensor x, Tensor w, float eps, float offset) {
        norms.rms(y, x, w, eps, offset);
    }

    @Override
    public void layerNorm(Tensor y, Tensor x, Tensor w, Tensor b, float eps) {
        norms.layer(y, x, w, b, eps);
    }

    @Override
    public void rotate(Tensor x, int headSize, RopeTable table, Positions positions, float sign) {
        rotate.run(x, headSize, table, positions, sign);
    }

    @Override
    public void gated(Tensor y, Tensor gate, Tensor up, Activation f) {
        pointwise.gated(y, gate, up, f);
    }

    @Override
    public void activate(Tensor y, Tensor x, Activation f) {
        pointwise.activate(y, x, f);
    }

    @Override
    public void add(Tensor y, Tensor a, Tensor b, float scale) {
        pointwise.add(y, a, b, scale);
    }

    @Override
    public void addRow(Tensor y, Tensor x, Tensor b) {
        pointwise.addRow(y, x, b);
    }

    @Override
    public void scale(Tensor y, Tensor x, float scale) {
        pointwise.scale(y, x, scale);
    }

    @Override
    public GradientKernels gradients() {
        return gradients;
    }

    @Override
    public void attention(Tensor out, Tensor logSumExp, Tensor q, KeyValues[] keyValues, Runs runs,
            AttentionShape shape, Tensor learned) {
        attention.run(out, logSumExp, q, keyValues, runs, shape, learned);
    }

    @Override
    public void loadKeys(Tensor y, KeyValues keyValues, int position) {
        KeyValueType type = keyValues.type();
        float[] row = new float[type.wholeBlocks(y.cols())];
        for (int i = 0; i < y.rows(); i++) {
            type.load(keyValues.keyAddress(position + i), 0, row.length, row);
            Memory.store(row, 0, y.address() + i * y.rowBytes(), y.cols());
        }
    }

    @Override
    public void attentionBackward(AttentionTrace trace) {
        attentionBackward.run(trace);
    }

    @Override
    public int argmax(Tensor logits, int row) {
        return Logits.argmax(logits, row);
    }

    @Override
    public float logSumExp(Tensor logits, int row) {
        return Logits.logSumExp(logits, row);
    }

    /// Looks up rows of a table and decodes them.
    static final class Gather extends RangeTask {
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

    /// Quantizes blocks of 32 values to 8 bits, or to 15 bits if they have outliers, and dequantizes them.
    static final class QuantizeActivations extends RangeTask {
        private static final int BLOCK = Precision.BLOCK;

        private Tensor y;
        private Tensor x;

        QuantizeActivations(Workers workers) {
            super(workers);
        }

        void run(Tensor y, Tensor x) {
            assert y.dtype() == DType.F32 && x.dtype() == DType.F32 && y.rows() == x.rows() && y.cols() == x.cols();
            this.y = y;
            this.x = x;
            distribute(x.rows(), 4L * x.cols());
        }

        @Override
        protected void range(int from, int to, int worker) {
            int cols = x.cols();
            for (int row = from; row < to; row++) {
                long start = 4L * row * cols;
                for (int i = 0; i < cols; i += BLOCK) {
                    block(y.address() + start + 4L * i, x.address() + start + 4L * i, Math.min(BLOCK, cols - i));
                }
            }
        }

        private static void block(long y, long x, int count) {
            float largest = 0;
            double squares = 0;
            for (int i = 0; i < count; i++) {
                float number = Memory.f32(x + 4L * i);
                largest = Math.max(largest, Math.abs(number));
                squares += (double) number * number;
            }
            boolean hasOutliers = (double) largest * largest * count > Precision.OUTLIER * Precision.OUTLIER * squares;
            float scale = Precision.scale(largest, hasOutliers);
            float inverse = 1 / scale;
            for (int i = 0; i < count; i++) {
                Memory.f32(y + 4L * i, scale * (float) Math.rint(Memory.f32(x + 4L * i) * inverse));
            }
        }
    }

    /// Rotary position embedding in place, https://arxiv.org/abs/2104.09864. Pair (a, b) at the angle t becomes `(a·cos
    /// t - b·sin t, b·cos t + a·sin t)`.
    static final class Rotate extends RangeTask {
        private final RopeRows rows = new RopeRows();
        private Tensor x;
        private int headSize;
        private RopeTable table;
        private long cosSin;
        private float sign;

        Rotate(Workers workers) {
            super(workers);
        }

        void run(Tensor x, int headSize, RopeTable table, Positions positions, float sign) {
            assert x.dtype() == DType.F32 && x.rows() == positions.numTokens() && x.cols() % headSize == 0;
            assert 2 * table.numPairs() <= headSize;
            this.x = x;
            this.headSize = headSize;
            this.table = table;
            this.cosSin = rows.of(table, positions);
            this.sign = sign;
            distribute(x.rows(), 2L * x.cols());
        }

        @Override
        protected void range(int from, int to, int worker) {
            for (int n = from; n < to; n++) {
                for (int at = 0; at < x.cols(); at += headSize) {
                    head(x.address() + 4L * ((long) n * x.cols() + at), cosSin + n * table.rowBytes());
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

    /// Arrays for intermediate values, one for each worker, kept from call to call and grown where needed.
    static final class Scratch {
        private final float[][] arrays;

        Scratch(Workers workers) {
            arrays = new float[workers.count()][0];
        }

        /// Returns at least `size` values with undefined contents; they belong to the worker until the end of its
        /// range.
        float[] of(int worker, int size) {
            float[] array = arrays[worker];
            if (array.length < size) {
                array = new float[Math.max(size, 2 * array.length)];
                arrays[worker] = array;
            }
            return array;
        }
    }
}
