package glia.tensor.ops.scan;

import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import java.util.Arrays;

/// The gated delta rule (https://arxiv.org/abs/2412.06464) for each of H value heads. A state S `[keySize, valueSize]`
/// decays, is corrected towards the value at its key, and is read by the query:
///
/// > S ← e^g·S,  S ← S + k ⊗ β(v - Sᵀk),  o = scale·Sᵀq
///
/// It is computed by chunks: the corrections `u_i = β_i(v_i - d_i·Sᵀk_i - Σ_{j<i} D_ij (k_i·k_j) u_j)` of a chunk solve
/// a triangular system (the WY form of https://arxiv.org/abs/2406.06484), row by row, and are the updates of
/// `LinearChunk`.
///
/// The state of a sequence is `[H, keySize, valueSize]`. Value heads share the keys and queries of key heads as
/// `HeadSharing` defines.
///
/// @param q `[N, numKeyHeads·keySize]`
/// @param k as q
/// @param v `[N, H·valueSize]`
/// @param logDecay g, `[N, H]`, at most 0
/// @param beta `[N, H]`
public record GatedDelta(Tensor q, Tensor k, Tensor v, Tensor logDecay, Tensor beta, int numKeyHeads, HeadSharing order,
        float scale, RecurrentState state, Runs runs) implements Operation {
    public GatedDelta {
        int n = runs.numTokens();
        Compute.require(q.rows() == n && k.rows() == n && k.cols() == q.cols() && numKeyHeads > 0
                && k.cols() % numKeyHeads == 0, "gated delta rule", q, k);
        Compute.require(v.rows() == n && logDecay.rows() == n && logDecay.cols() > 0
                && v.cols() % logDecay.cols() == 0, "gated delta rule", v, logDecay);
        Compute.require(beta.rows() == n && beta.cols() == logDecay.cols() && beta.cols() % numKeyHeads == 0,
                "gated delta rule", beta, logDecay);
    }

    /// The number of values in the state of a sequence.
    public static long stateSize(int numValueHeads, int keySize, int valueSize) {
        return (long) numValueHeads * keySize * valueSize;
    }

    int numHeads() {
        return beta.cols();
    }

    int keySize() {
        return k.cols() / numKeyHeads;
    }

    int valueSize() {
        return v.cols() / numHeads();
    }

    int keyCol(int head) {
        return order.keyHead(head, numHeads(), numKeyHeads) * keySize();
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(v.rows(), v.cols());
        StateAddresses states = new StateAddresses(state, runs);
        int tokens = LinearChunk.tokens(ops.kernels());
        states.eachHead(ops.kernels().workers(), numHeads(), (run, head) -> scan(run, head, y, states, tokens));
        return y;
    }

    private void scan(int run, int head, Tensor y, StateAddresses states, int tokens) {
        Rows rows = Rows.begin();
        Solver solver = new Solver(rows, this, Math.min(tokens, runs.end(run) - runs.start(run)));
        float[][] s = rows.take(keySize(), valueSize());
        long first = (long) head * keySize() * valueSize();
        Rows.load(s, states.before(run, first), keySize(), valueSize());
        for (int at = runs.start(run); at < runs.end(run); at += tokens) {
            solver.solve(at, Math.min(tokens, runs.end(run) - at), head, s);
            solver.chunk.attend(s);
            Rows.store(solver.chunk.outputs, y, at, solver.chunk.count, head * valueSize(), valueSize());
            solver.chunk.advance(s);
        }
        Rows.store(s, states.after(run, first), keySize(), valueSize());
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, v, logDecay, beta);
    }

    @Override
    public Operation owned() {
        return new GatedDelta(q, k, v, logDecay, beta, numKeyHeads, order, scale, state, runs.frozen());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Compute.require(state == RecurrentState.NONE, "gradient of the gated delta rule", y,
                "a state: gradients need full sequences");
        new GatedDeltaBackward(this, tape, y).run();
    }

    /// Computes the corrections of a chunk of one head.
    static final class Solver {
        final LinearChunk chunk;
        /// `k_i·k_j` for j < i, later multiplied by `-D_ij`.
        final float[][] overlaps;
        /// `v_i - d_i·Sᵀk_i - …`, the corrections before the factor β.
        final float[][] errors;
        final float[] betas;
        private final GatedDelta op;
        private final float[] factors;
        private final float[] row;

        Solver(Rows rows, GatedDelta op, int tokens) {
            this.op = op;
            chunk = new LinearChunk(rows, tokens, op.keySize(), op.valueSize());
            overlaps = rows.take(tokens, tokens);
            errors = rows.take(tokens, op.valueSize());
            betas = rows.take(tokens);
            factors = rows.take(tokens);
            row = rows.take(op.keySize());
        }

        /// Loads the tokens `from` to `from + count` and computes their corrections from the state before them.
        void solve(int from, int count, int head, float[][] s) {
            chunk.load(op.q, op.k, op.keyCol(head), op.v, head * op.valueSize(), from, count, op.scale);
            for (int i = 0; i < count; i++) {
                long at = (long) (from + i) * op.numHeads() + head;
                betas[i] = op.beta.get(at);
                factors[i] = (float) Math.exp(op.logDecay.get(at));
            }
            chunk.decay(factors);
            for (int i = 0; i < count; i++) {
                Arrays.fill(overlaps[i], 0, i, 0);
                Rows.add(overlaps[i], chunk.keys[i], chunk.keyColumns, 0, chunk.keySize, i);
                Rows.multiply(overlaps[i], overlaps[i], chunk.decays[i], i);
                Rows.scale(overlaps[i], -1, overlaps[i], i);
                System.arraycopy(chunk.updates[i], 0, errors[i], 0, chunk.valueSize);
                Rows.scale(row, -chunk.fromStart[i], chunk.keys[i], chunk.keySize);
                Rows.add(errors[i], row, s, 0, chunk.keySize, chunk.valueSize);
                Rows.add(errors[i], overlaps[i], chunk.updates, 0, i, chunk.valueSize);
                Rows.scale(chunk.updates[i], betas[i], errors[i], chunk.valueSize);
            }
        }
    }
}
