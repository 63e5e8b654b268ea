package glia.tensor.ops.loss;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import java.util.Arrays;

/// Log-probabilities of k given tokens at each row, fused with the language-model head: from hidden states `[N, D]` a
/// matrix `[N, k]`, such as those of a teacher's most probable tokens under a student. Logits are computed for some
/// rows and one part of the vocabulary at a time, and again in the backward pass.
public final class SelectedLogProbs implements Operation {
    private static final int ROWS = 1024;

    private final Tensor hidden;
    private final LogitHead head;
    private final int[] tokens;
    private final int count;
    private Tensor logSumExp;

    /// @param tokens k tokens for each row, row after row
    /// @throws IllegalArgumentException if their number does not fit or a token is outside the vocabulary
    public SelectedLogProbs(Tensor hidden, LogitHead head, int[] tokens) {
        Compute.require(hidden.cols() == head.weight().cols(), "log-probabilities", hidden, head.weight());
        Compute.require(hidden.rows() > 0 && tokens.length % hidden.rows() == 0, "log-probabilities", hidden,
                tokens.length);
        for (int token : tokens) {
            if (token < 0 || token >= head.vocabSize()) {
                throw new IllegalArgumentException("token " + token + " is outside the vocabulary of "
                        + head.vocabSize());
            }
        }
        this.hidden = hidden;
        this.head = head;
        this.tokens = tokens.clone();
        count = tokens.length / hidden.rows();
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(hidden);
        inputs.weights(head.weight());
        head.bias().ifPresent(inputs::weights);
    }

    @Override
    public Tensor forward(Compute ops) {
        int rows = hidden.rows();
        Tensor y = ops.allocate(rows, count);
        logSumExp = ops.allocate(1, rows);
        double[] sums = new double[Math.min(ROWS, rows)];
        int mark = ops.mark();
        for (int from = 0; from < rows; from += ROWS) {
            int to = Math.min(rows, from + ROWS);
            Arrays.fill(sums, Double.NEGATIVE_INFINITY);
            for (int part = 0; part < head.numParts(); part++) {
                Tensor z = ops.allocate(to - from, head.size(part));
                head.logits(ops, z, hidden.rows(from, to), part);
                Tensor ofPart = ops.allocate(1, to - from);
                ops.kernels().gradients().softmaxSums(ofPart, null, z);
                for (int n = 0; n < to - from; n++) {
                    double most = Math.max(sums[n], ofPart.get(n));
                    double least = Math.min(sums[n], ofPart.get(n));
                    sums[n] = Double.isInfinite(most) ? most : most + Math.log1p(Math.exp(least - most));
                }
                int first = head.first(part);
                for (int i = from * count; i < to * count; i++) {
                    int column = tokens[i] - first;
                    if (column >= 0 && column < z.cols()) {
                        y.set(i, z.get((long) (i / count - from) * z.cols() + column));
                    }
                }
                ops.release(mark);
            }
            for (int i = from * count; i < to * count; i++) {
                y.set(i, (float) (y.get(i) - sums[i / count - from]));
            }
            for (int n = from; n < to; n++) {
                logSumExp.set(n, (float) sums[n - from]);
            }
        }
        return y;
    }

    /// With the gradient g of the k log-probabilities: `dz[v] = Σ_j g[j] · [v = token j] - p(v) · Σ_j g[j]`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        Tensor dhidden = tape.needs(hidden) ? tape.gradient(hidden) : null;
        int rows = hidden.rows();
        Tensor a = tape.scratch(1, rows);
        Tensor b = tape.scratch(1, rows);
        b.zero();
        for (int n = 0; n < rows; n++) {
            double sum = 0;
            for (int j = 0; j < count; j++) {
                sum += dy.get((long) n * count + j);
            }
            a.set(n, (float) -sum);
        }
        int tileRows = Math.min(ROWS, rows);
        Tensor tile = tape.scratch(tileRows, head.size(0));
        Tensor second = head.rule().isCapped() ? tape.scratch(tileRows, head.size(0)) : tile;
        for (int from = 0; from < rows; from += ROWS) {
            int to = Math.min(rows, from + ROWS);
            for (int part = 0; part < head.numParts(); part++) {
                Tensor z = TileViews.matrix(tile, to - from, head.size(part));
                Tensor dz = TileViews.matrix(second, to - from, head.size(part));
                head.logits(tape, z, hidden.rows(from, to), part);
                tape.kernels().gradients().softmaxBackward(dz, z, TileViews.vector(logSumExp, from, to),
                        TileViews.vector(a, from, to), TileViews.vector(b, from, to), false);
                for (int i = from * count; i < to * count; i++) {
                    int column = tokens[i] - head.first(part);
                    if (column >= 0 && column < dz.cols()) {
                        long at = dz.address() + 4 * ((long) (i / count - from) * dz.cols() + column);
                        Memory.f32(at, Memory.f32(at) + dy.get(i));
                    }
                }
                head.rule().backward(tape.kernels(), dz, z);
                head.backward(tape, dz, hidden.rows(from, to), dhidden == null ? null : dhidden.rows(from, to), part);
            }
        }
    }
}
