package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Tensor;

/// The inputs and outputs of a forward pass of attention over full sequences, and the gradients that the backward pass
/// adds to.
///
/// @param q `[N, H·E]`, tokens of `runs`
/// @param k `[M, K·E]`, tokens of `keyRuns`: the same runs, or other ones in cross-attention
/// @param v `[M, K·valueSize]`
/// @param learned the learned parameters of the scores
/// @param out `[N, H·valueSize]`, the result
/// @param logSumExp `[N, H]`, the logarithms of the softmax denominators
/// @param dout the gradient of the result
public record AttentionTrace(AttentionShape shape, Runs runs, Tensor q, Runs keyRuns, Tensor k, Tensor v,
        Tensor learned, Tensor out, Tensor logSumExp, Tensor dout, Tensor dq, Tensor dk, Tensor dv, Tensor dlearned) {
    public AttentionTrace {
        int heads = shape.numHeads();
        int kvHeads = shape.numKeyValueHeads();
        AttentionShape.check(q.rows() == runs.numTokens() && q.cols() == heads * shape.keySize(), q);
        AttentionShape.check(k.rows() == keyRuns.numTokens() && k.cols() == kvHeads * shape.keySize(), k);
        AttentionShape.check(runs.count() == keyRuns.count(), keyRuns);
        AttentionShape.check(v.rows() == k.rows() && v.cols() == kvHeads * shape.valueSize(), v);
        AttentionShape.check(out.rows() == q.rows() && out.cols() == heads * shape.valueSize(), out);
        AttentionShape.check(logSumExp.rows() == q.rows() && logSumExp.cols() == heads, logSumExp);
        AttentionShape.check(learned.size() == shape.numParameters(), learned);
        AttentionShape.check(dout.size() == out.size() && dq.size() == q.size(), dout);
        AttentionShape.check(dk.size() == k.size() && dv.size() == v.size() && dlearned.size() == learned.size(), dk);
        for (Tensor t : new Tensor[] {q, k, v, learned, out, logSumExp, dout, dq, dk, dv, dlearned}) {
            AttentionShape.check(t.dtype() == DType.F32, t);
        }
    }

    /// The number of keys that a run's queries may attend to.
    public int numKeys(int run) {
        return keyRuns.end(run) - keyRuns.start(run);
    }

    /// Adds the gradient of attention sinks, if there are any: `dsink_h -= Σ_n exp(sink_h - lse_n) · do·o`.
    public void addToSinks() {
        if (!(shape.scores() instanceof Scores.Sinks)) {
            return;
        }
        int size = shape.valueSize();
        for (long i = 0; i < logSumExp.size(); i++) {
            int head = (int) (i % shape.numHeads());
            double dot = 0;
            for (long e = i * size; e < (i + 1) * size; e++) {
                dot += (double) dout.get(e) * out.get(e);
            }
            double share = Math.exp(learned.get(head) - logSumExp.get(i));
            dlearned.set(head, dlearned.get(head) - (float) (share * dot));
        }
    }
}
