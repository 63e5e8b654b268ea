package glia.tensor.ops.scan;

import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import java.util.Arrays;

/// The delta rule with a decay for each channel of the keys, Kimi delta attention (https://arxiv.org/abs/2510.26692),
/// for each of H heads. A state S `[keySize, valueSize]` decays, is corrected towards the value at its key, and is read
/// by the query:
///
/// > S ← diag(e^g)·S,  S ← S + k ⊗ β(v - Sᵀk),  o = scale·Sᵀq
///
/// It is computed token by token. The state of a sequence is `[H, keySize, valueSize]`. `GatedDelta` has one decay for
/// a head.
///
/// @param q `[N, H·keySize]`
/// @param k as q
/// @param v `[N, H·valueSize]`
/// @param logDecay g, as q, at most 0
/// @param beta `[N, H]`
public record ChannelDelta(Tensor q, Tensor k, Tensor v, Tensor logDecay, Tensor beta, float scale,
        RecurrentState state, Runs runs) implements Operation.ReadsInputs {
    public ChannelDelta {
        int n = runs.numTokens();
        int heads = beta.cols();
        Compute.require(q.rows() == n && k.rows() == n && k.cols() == q.cols() && heads > 0 && q.cols() % heads == 0,
                "delta rule", q, k);
        Compute.require(v.rows() == n && v.cols() % heads == 0 && beta.rows() == n, "delta rule", v, beta);
        Compute.require(logDecay.rows() == n && logDecay.cols() == q.cols(), "delta rule", q, logDecay);
    }

    private int numHeads() {
        return beta.cols();
    }

    private int keySize() {
        return q.cols() / numHeads();
    }

    private int valueSize() {
        return v.cols() / numHeads();
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(v.rows(), v.cols());
        StateAddresses states = new StateAddresses(state, runs);
        states.eachHead(ops.kernels().workers(), numHeads(), (run, head) -> scan(run, head, y, states));
        return y;
    }

    private void scan(int run, int head, Tensor y, StateAddresses states) {
        Step step = new Step(Rows.begin(), head, null);
        float[][] s = step.rows.take(keySize(), valueSize());
        long first = (long) head * keySize() * valueSize();
        Rows.load(s, states.before(run, first), keySize(), valueSize());
        for (int t = runs.start(run); t < runs.end(run); t++) {
            step.advance(t, s, s);
            Rows.store(step.output, y, t, 1, head * valueSize(), valueSize());
        }
        Rows.store(s, states.after(run, first), keySize(), valueSize());
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, v, logDecay, beta);
    }

    @Override
    public Operation owned() {
        return new ChannelDelta(q, k, v, logDecay, beta, scale, state, runs.frozen());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Compute.require(state == RecurrentState.NONE, "gradient of the delta rule", y,
                "a state: gradients need full sequences");
        Tensor[] d = {tape.gradient(q), tape.gradient(k), tape.gradient(v), tape.gradient(logDecay),
            tape.gradient(beta), tape.gradient(y)};
        tape.kernels().workers().run((unit, worker) -> scanBack(unit / numHeads(), unit % numHeads(), d),
                runs.count() * numHeads());
    }

    private void scanBack(int run, int head, Tensor[] d) {
        Rows rows = Rows.begin();
        rows.backward(new Step(rows, head, d), runs.start(run), runs.end(run), keySize(), valueSize());
    }

    /// The vectors of one token of a head.
    private final class Step implements Rows.Recurrence {
        final Rows rows;
        final float[][] output;
        private final int head;
        private final Tensor[] d;
        private final float[][] query;
        private final float[][] key;
        private final float[][] value;
        private final float[][] decay;
        /// `v - Sᵀk`.
        private final float[] error;
        private final float[] update;
        private final float[][] dquery;
        private final float[][] dkey;
        private final float[][] ddecay;
        private final float[][] dvalue;
        private final float[] row;
        private float strength;

        /// @param d the gradients of the inputs and of the result, null for the forward pass
        Step(Rows rows, int head, Tensor[] d) {
            this.rows = rows;
            this.head = head;
            this.d = d;
            query = rows.take(1, keySize());
            key = rows.take(1, keySize());
            decay = rows.take(1, keySize());
            value = rows.take(1, valueSize());
            output = rows.take(1, valueSize());
            error = rows.take(valueSize());
            update = rows.take(valueSize());
            dquery = rows.take(1, keySize());
            dkey = rows.take(1, keySize());
            ddecay = rows.take(1, keySize());
            dvalue = rows.take(1, valueSize());
            row = rows.take(valueSize());
        }

        private void load(int t) {
            Rows.load(query, q, t, 1, head * keySize(), keySize());
            Rows.load(key, k, t, 1, head * keySize(), keySize());
            Rows.load(value, v, t, 1, head * valueSize(), valueSize());
            Rows.load(decay, logDecay, t, 1, head * keySize(), keySize());
            for (int p = 0; p < keySize(); p++) {
                decay[0][p] = (float) Math.exp(decay[0][p]);
            }
            strength = beta.get((long) t * numHeads() + head);
        }

        @Override
        public void advance(int t, float[][] before, float[][] after) {
            load(t);
            System.arraycopy(value[0], 0, error, 0, valueSize());
            for (int p = 0; p < keySize(); p++) {
                Rows.scale(after[p], decay[0][p], before[p], valueSize());
                Rows.add(error, -key[0][p], after[p], valueSize());
            }
            Rows.scale(update, strength, error, valueSize());
            Arrays.fill(output[0], 0, valueSize(), 0);
            for (int p = 0; p < keySize(); p++) {
                Rows.add(after[p], key[0][p], update, valueSize());
                Rows.add(output[0], scale * query[0][p], after[p], valueSize());
            }
        }

        /// Turns ds, the gradient of the state after a token, into that of the state before it. With `S' = diag(e^g)·S`
        /// the state that the correction u is added to, and do the gradient of the output:
        ///
        /// > dS += scale·q ⊗ do,  dq = scale·S·do,  du = dSᵀk,  dv = β du,  dβ = du·(v - S'ᵀk)
        /// > dk = dS·u - β S'·du,  dS' = dS - k ⊗ β du,  dg = Σ dS' ∘ S'
        @Override
        public void retreat(int t, float[][] before, float[][] after, float[][] ds) {
            load(t);
            int size = valueSize();
            Rows.load(output, d[5], t, 1, head * size, size);
            System.arraycopy(value[0], 0, error, 0, size);
            float[] du = dvalue[0];
            Arrays.fill(du, 0, size, 0);
            for (int p = 0; p < keySize(); p++) {
                dquery[0][p] = scale * Rows.dot(after[p], output[0], size);
                Rows.add(ds[p], scale * query[0][p], output[0], size);
                Rows.add(du, key[0][p], ds[p], size);
                Rows.add(error, -key[0][p] * decay[0][p], before[p], size);
            }
            Rows.scale(update, strength, error, size);
            float dbeta = Rows.dot(du, error, size);
            Rows.scale(du, strength, du, size);
            for (int p = 0; p < keySize(); p++) {
                Rows.scale(row, decay[0][p], before[p], size);
                dkey[0][p] = Rows.dot(ds[p], update, size) - Rows.dot(row, du, size);
                Rows.add(ds[p], -key[0][p], du, size);
                ddecay[0][p] = Rows.dot(ds[p], row, size);
                Rows.scale(ds[p], decay[0][p], ds[p], size);
            }
            Rows.accumulate(dquery, 1, d[0], t, 1, head * keySize(), keySize());
            Rows.accumulate(dkey, 1, d[1], t, 1, head * keySize(), keySize());
            Rows.accumulate(dvalue, 1, d[2], t, 1, head * size, size);
            Rows.accumulate(ddecay, 1, d[3], t, 1, head * keySize(), keySize());
            long at = (long) t * numHeads() + head;
            d[4].set(at, d[4].get(at) + dbeta);
        }
    }
}
