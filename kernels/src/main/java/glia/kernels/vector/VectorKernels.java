package glia.kernels.vector;

import static glia.kernels.vector.Simd.*;
import static glia.tensor.Memory.ALL;

import glia.kernels.gradient.RowGradients;
import glia.kernels.tiled.Attention;
import glia.kernels.tiled.AttentionBackward;
import glia.kernels.tiled.LoadKeys;
import glia.kernels.tiled.Products;
import glia.kernels.tiled.Scratch;
import glia.kernels.tiled.TiledProducts;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.GradientKernels;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Positions;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.RopeRows;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import jdk.incubator.vector.FloatVector;

/// The kernel backend on the Vector API (module `jdk.incubator.vector`), for vectors of any width. Operations that gain
/// nothing from vectors are those of the scalar backend. Allocates nothing once scratch memory has grown to the largest
/// shapes.
public final class VectorKernels implements Kernels {
    /// Up to this many tokens weights are multiplied row by row in their stored format (GEMV); more tokens share their
    /// decoding.
    private static final int FEW_TOKENS = 3;

    private final Workers workers;
    private final boolean isBatchInvariant;
    private final ScalarKernels scalar;
    private final Products products;
    private final RowProduct rowProduct;
    private final Attention attention;
    private final AttentionBackward attentionBackward;
    private final LoadKeys keyLoad;
    private final Norms norms;
    private final Rotation rotation;
    private final Pointwise pointwise;
    private final RowGradients gradients;
    private final QuantizeActivations rounding;

    /// @param workers the threads to use; the caller closes them
    public VectorKernels(Workers workers) {
        this(workers, false);
    }

    private VectorKernels(Workers workers, boolean isBatchInvariant) {
        this.workers = workers;
        this.isBatchInvariant = isBatchInvariant;
        scalar = new ScalarKernels(workers);
        VectorTiles tiles = new VectorTiles(workers);
        products = new TiledProducts(workers, tiles, Scratch.USUAL);
        rowProduct = new RowProduct(workers);
        attention = new Attention(workers, tiles, isBatchInvariant);
        attentionBackward = new AttentionBackward(workers, tiles);
        keyLoad = new LoadKeys(workers, tiles);
        norms = new Norms(workers);
        rotation = new Rotation(workers);
        pointwise = new Pointwise(workers);
        gradients = new RowGradients(workers, VectorRowSteps::new);
        rounding = new QuantizeActivations(workers);
    }

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public Workers workers() {
        return workers;
    }

    @Override
    public boolean isBatchInvariant() {
        return isBatchInvariant;
    }

    @Override
    public Kernels batchInvariant() {
        return isBatchInvariant ? this : new VectorKernels(workers, true);
    }

    @Override
    public void linear(Tensor y, Tensor x, Matrix w) {
        if (!ofFew(y, x, w)) {
            products.linear(y, x, w);
        }
    }

    @Override
    public void linearPacked(Tensor y, Tensor x, Matrix w) {
        if (!ofFew(y, x, w)) {
            products.linearPacked(y, x, w);
        }
    }

    /// Multiplies row by row, if that is the way; returns whether it is.
    private boolean ofFew(Tensor y, Tensor x, Matrix w) {
        assert x.dtype() == DType.F32 && y.dtype() == DType.F32;
        assert y.rows() == x.rows() && y.cols() == w.rows() && x.cols() == w.cols();
        boolean few = (isBatchInvariant || x.rows() <= FEW_TOKENS) && RowProduct.supports(w);
        if (few) {
            rowProduct.run(y, x, w);
        }
        return few;
    }

    @Override
    public void linearBackwardInput(Tensor dx, Tensor dy, Matrix w) {
        assert dx.dtype() == DType.F32 && dy.dtype() == DType.F32;
        assert dx.rows() == dy.rows() && dy.cols() == w.rows() && dx.cols() == w.cols();
        products.linearBackwardInput(dx, dy, w);
    }

    @Override
    public void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        assert dw.dtype() == DType.F32 && dy.dtype() == DType.F32 && x.dtype() == DType.F32;
        assert dw.rows() == dy.cols() && dw.cols() == x.cols() && dy.rows() == x.rows();
        products.linearBackwardWeight(dw, dy, x);
    }

    @Override
    public void quantizeActivations(Tensor y, Tensor x) {
        if (x.cols() % Precision.BLOCK == 0) {
            rounding.run(y, x);
        } else {
            scalar.quantizeActivations(y, x);
        }
    }

    @Override
    public void gather(Tensor y, Matrix table, int[] ids, int count) {
        scalar.gather(y, table, ids, count);
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
        switch (table.layout()) {
            case HALF_SPLIT -> rotation.run(x, headSize, table, positions, sign);
            case INTERLEAVED -> scalar.rotate(x, headSize, table, positions, sign);
        }
    }

    @Override
    public void gated(Tensor y, Tensor gate, Tensor up, Activation f) {
        pointwise.activate(y, gate, up, f);
    }

    @Override
    public void activate(Tensor y, Tensor x, Activation f) {
        pointwise.activate(y, x, null, f);
    }

    @Override
    public void add(Tensor y, Tensor a, Tensor b, float scale) {
        pointwise.add(y, a, b, scale);
    }

    @Override
    public void addRow(Tensor y, Tensor x, Tensor b) {
        scalar.addRow(y, x, b);
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
        keyLoad.run(y, keyValues, position);
    }

    @Override
    public void attentionBackward(AttentionTrace trace) {
        attentionBackward.run(trace);
    }

    @Override
    public int argmax(Tensor logits, int row) {
        return scalar.argmax(logits, row);
    }

    @Override
    public float logSumExp(Tensor logits, int row) {
        return scalar.logSumExp(logits, row);
    }

    /// Rotary position embedding of split halves, in place (https://arxiv.org/abs/2104.09864): pair (a, b) at the angle
    /// t becomes `(a·cos t - b·sin t, b·cos t + a·sin t)`.
    public static final class Rotation extends RangeTask {
        private final RopeRows rows = new RopeRows();
        private Tensor x;
        private int headSize;
        private long cosSin;
        private int numPairs;
        private float sign;

        public Rotation(Workers workers) {
            super(workers);
        }

        public void run(Tensor x, int headSize, RopeTable table, Positions positions, float sign) {
            assert x.dtype() == DType.F32 && x.rows() == positions.numTokens() && x.cols() % headSize == 0;
            assert 2 * table.numPairs() <= headSize && table.layout() == RopeTable.Layout.HALF_SPLIT;
            this.x = x;
            this.headSize = headSize;
            this.cosSin = rows.of(table, positions);
            this.numPairs = table.numPairs();
            this.sign = sign;
            distribute(x.rows(), x.cols());
        }

        @Override
        protected void range(int from, int to, int worker) {
            for (int n = from; n < to; n++) {
                long token = x.address() + n * x.rowBytes();
                token(token, x.cols() / headSize, headSize, cosSin + 8L * n * numPairs, numPairs, sign);
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
}
