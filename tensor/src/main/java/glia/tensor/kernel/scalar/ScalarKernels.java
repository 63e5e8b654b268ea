package glia.tensor.kernel.scalar;

import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.GradientKernels;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;

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
    private final RmsNorm rmsNorm;
    private final LayerNorm layerNorm;
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
        rmsNorm = new RmsNorm(workers);
        layerNorm = new LayerNorm(workers);
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
        rmsNorm.run(y, x, w, eps, offset);
    }

    @Override
    public void layerNorm(Tensor y, Tensor x, Tensor w, Tensor b, float eps) {
        layerNorm.run(y, x, w, b, eps);
    }

    @Override
    public void rotate(Tensor x, int headSize, RopeTable table, Runs runs, float sign) {
        rotate.run(x, headSize, table, runs, sign);
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
}
