package glia.kernels;

import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.GradientKernels;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;

/// A backend that starts on one that is fast at once and continues on one that is faster once compiled.
///
/// C2 needs seconds of CPU time to compile the Vector API's loops, which until then are slower than scalar ones: a
/// prompt of 37 tokens took 1.0 s to the first token with scalar kernels and 1.7 s with vector kernels. So the first
/// matrix multiplications, about those of a short prompt, are scalar.
final class ColdStart implements Kernels {
    /// Multiplications done by the first backend: a prompt of 50 tokens through 100 million parameters.
    private static final long BUDGET = 5_000_000_000L;

    private final Kernels first;
    private final Kernels second;
    private long left = BUDGET;

    ColdStart(Kernels first, Kernels second) {
        this.first = first;
        this.second = second;
    }

    private Kernels now() {
        return left > 0 ? first : second;
    }

    @Override
    public String name() {
        return second.name();
    }

    @Override
    public Workers workers() {
        return second.workers();
    }

    /// The second backend's alone: switching backends would change bits.
    @Override
    public Kernels batchInvariant() {
        return second.batchInvariant();
    }

    @Override
    public void linear(Tensor y, Tensor x, Matrix w) {
        now().linear(y, x, w);
        left -= x.rows() * (long) w.rows() * w.cols();
    }

    @Override
    public void linearPacked(Tensor y, Tensor x, Matrix w) {
        now().linearPacked(y, x, w);
        left -= x.rows() * (long) w.rows() * w.cols();
    }

    @Override
    public void linearBackwardInput(Tensor dx, Tensor dy, Matrix w) {
        second.linearBackwardInput(dx, dy, w);
    }

    @Override
    public void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        second.linearBackwardWeight(dw, dy, x);
    }

    @Override
    public void quantizeActivations(Tensor y, Tensor x) {
        now().quantizeActivations(y, x);
    }

    @Override
    public void linearQuantized(Tensor y, Tensor x, Matrix w, Tensor scratch) {
        now().linearQuantized(y, x, w, scratch);
        left -= x.rows() * (long) w.rows() * w.cols();
    }

    @Override
    public void gather(Tensor y, Matrix table, int[] ids, int count) {
        now().gather(y, table, ids, count);
    }

    @Override
    public void rmsNorm(Tensor y, Tensor x, Tensor w, float eps, float offset) {
        now().rmsNorm(y, x, w, eps, offset);
    }

    @Override
    public void layerNorm(Tensor y, Tensor x, Tensor w, Tensor b, float eps) {
        now().layerNorm(y, x, w, b, eps);
    }

    @Override
    public void rotate(Tensor x, int headSize, RopeTable table, Runs runs, float sign) {
        now().rotate(x, headSize, table, runs, sign);
    }

    @Override
    public void gated(Tensor y, Tensor gate, Tensor up, Activation f) {
        now().gated(y, gate, up, f);
    }

    @Override
    public void activate(Tensor y, Tensor x, Activation f) {
        now().activate(y, x, f);
    }

    @Override
    public void add(Tensor y, Tensor a, Tensor b, float scale) {
        now().add(y, a, b, scale);
    }

    @Override
    public void addRow(Tensor y, Tensor x, Tensor b) {
        now().addRow(y, x, b);
    }

    @Override
    public void scale(Tensor y, Tensor x, float scale) {
        now().scale(y, x, scale);
    }

    @Override
    public GradientKernels gradients() {
        return second.gradients();
    }

    @Override
    public void attention(Tensor out, Tensor logSumExp, Tensor q, KeyValues[] keyValues, Runs runs,
            AttentionShape shape, Tensor learned) {
        now().attention(out, logSumExp, q, keyValues, runs, shape, learned);
    }

    @Override
    public void loadKeys(Tensor y, KeyValues keyValues, int position) {
        now().loadKeys(y, keyValues, position);
    }

    @Override
    public void attentionBackward(AttentionTrace trace) {
        now().attentionBackward(trace);
    }

    @Override
    public int argmax(Tensor logits, int row) {
        return now().argmax(logits, row);
    }

    @Override
    public float logSumExp(Tensor logits, int row) {
        return now().logSumExp(logits, row);
    }
}
