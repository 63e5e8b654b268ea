package glia.tensor.ops.scan;

import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.scan.LinearChunk.LinearChunkBackward;
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

    /// The gradient of `GatedDelta`, chunk by chunk from the end; the states before the chunks are recomputed first.
    /// With `r` the gradient of the corrections u from `LinearChunkBackward`, the triangular system is solved
    /// backwards,
    ///
    /// > r_j ← r_j - Σ_{i>j} D_ij (k_i·k_j) e_i,  e_j = β_j r_j
    ///
    /// and then `dv = e`, `dβ_i = r_i·u_i/β_i`, `dk_i -= d_i·S·e_i + Σ_{j<i} D_ij (e_i·u_j) k_j`, `dk_j -= Σ_{i>j} D_ij
    /// (e_i·u_j) k_i`, `dS -= Σ_i d_i k_i ⊗ e_i`; γ gets the same products with a negative sign.
    static final class GatedDeltaBackward {
        private final GatedDelta op;
        private final Tape tape;
        private final Tensor dy;
        private final Tensor dq;
        private final Tensor dk;
        private final Tensor dv;
        private final Tensor dg;
        private final Tensor dbeta;

        GatedDeltaBackward(GatedDelta op, Tape tape, Tensor y) {
            this.op = op;
            this.tape = tape;
            dy = tape.gradient(y);
            dq = tape.gradient(op.q());
            dk = tape.gradient(op.k());
            dv = tape.gradient(op.v());
            dg = tape.gradient(op.logDecay());
            dbeta = tape.gradient(op.beta());
        }

        /// Heads that share a key head add to the same gradients, so one thread processes all of them.
        void run() {
            Workers workers = tape.kernels().workers();
            int ratio = op.numHeads() / op.numKeyHeads();
            int units = op.runs().count() * op.numKeyHeads();
            workers.run((unit, worker) -> {
                for (int r = 0; r < ratio; r++) {
                    head(unit / op.numKeyHeads(), op.order().head(unit % op.numKeyHeads(), r, op.numHeads(),
                            op.numKeyHeads()));
                }
            }, units);
        }

        private void head(int run, int head) {
            int start = op.runs().start(run);
            int tokens = op.runs().end(run) - start;
            int numChunks = (tokens + LinearChunk.TOKENS - 1) / LinearChunk.TOKENS;
            int keySize = op.keySize();
            int valueSize = op.valueSize();
            Rows rows = Rows.begin();
            int most = Math.min(tokens, LinearChunk.TOKENS);
            GatedDelta.Solver solver = new GatedDelta.Solver(rows, op, most);
            Chunk back = new Chunk(rows, solver, most);
            float[][] dstate = rows.take(keySize, valueSize);
            Rows.zero(dstate, keySize, valueSize);
            float[][][] states = new float[numChunks][keySize][valueSize];
            for (int c = 0; c < numChunks - 1; c++) {
                solver.solve(start + c * LinearChunk.TOKENS, LinearChunk.TOKENS, head, states[c]);
                for (int p = 0; p < keySize; p++) {
                    System.arraycopy(states[c][p], 0, states[c + 1][p], 0, valueSize);
                }
                solver.chunk.advance(states[c + 1]);
            }
            for (int c = numChunks - 1; c >= 0; c--) {
                int at = start + c * LinearChunk.TOKENS;
                int count = Math.min(LinearChunk.TOKENS, tokens - c * LinearChunk.TOKENS);
                solver.solve(at, count, head, states[c]);
                solver.chunk.attend(states[c]);
                Rows.load(back.linear.outputs, dy, at, count, head * valueSize, valueSize);
                back.run(states[c], dstate);
                Rows.accumulate(back.linear.queries, op.scale(), dq, at, count, op.keyCol(head), keySize);
                Rows.accumulate(back.linear.keys, 1, dk, at, count, op.keyCol(head), keySize);
                Rows.accumulate(back.errors, 1, dv, at, count, head * valueSize, valueSize);
                double later = 0;
                for (int i = count - 1; i >= 0; i--) {
                    long place = (long) (at + i) * op.numHeads() + head;
                    later += back.linear.logDecays[i];
                    dg.set(place, dg.get(place) + (float) later);
                    dbeta.set(place, dbeta.get(place) + back.betas[i]);
                }
            }
        }

        private static final class Chunk {
            final LinearChunkBackward linear;
            /// e.
            final float[][] errors;
            final float[] betas;
            private final GatedDelta.Solver solver;
            private final float[][] overlapColumns;
            private final float[][] pairs;
            private final float[][] pairColumns;
            private final float[][] updateColumns;
            private final float[][] stateColumns;
            private final float[] row;

            Chunk(Rows rows, GatedDelta.Solver solver, int tokens) {
                this.solver = solver;
                LinearChunk chunk = solver.chunk;
                linear = new LinearChunkBackward(rows, chunk, tokens);
                errors = rows.take(tokens, chunk.valueSize);
                betas = rows.take(tokens);
                overlapColumns = rows.take(tokens, tokens);
                pairs = rows.take(tokens, tokens);
                pairColumns = rows.take(tokens, tokens);
                updateColumns = rows.take(chunk.valueSize, tokens);
                stateColumns = rows.take(chunk.valueSize, chunk.keySize);
                row = rows.take(chunk.keySize);
            }

            void run(float[][] state, float[][] dstate) {
                linear.run(state, dstate);
                LinearChunk chunk = solver.chunk;
                int c = chunk.count;
                Rows.transpose(overlapColumns, solver.overlaps, c, c);
                Rows.transpose(updateColumns, chunk.updates, c, chunk.valueSize);
                Rows.transpose(stateColumns, state, chunk.keySize, chunk.valueSize);
                for (int j = c - 1; j >= 0; j--) {
                    // The overlaps include the negative sign.
                    Rows.add(linear.updates[j], overlapColumns[j], errors, j + 1, c, chunk.valueSize);
                    betas[j] = Rows.dot(linear.updates[j], solver.errors[j], chunk.valueSize);
                    Rows.scale(errors[j], solver.betas[j], linear.updates[j], chunk.valueSize);
                }
                for (int i = 0; i < c; i++) {
                    Arrays.fill(pairs[i], 0, c, 0);
                    Rows.add(pairs[i], errors[i], updateColumns, 0, chunk.valueSize, i);
                    LinearChunkBackward.share(solver.overlaps[i], pairs[i], i, linear.logDecays);
                    Rows.multiply(pairs[i], pairs[i], chunk.decays[i], i);
                    Rows.scale(pairs[i], -1, pairs[i], i);
                    Rows.add(linear.keys[i], pairs[i], chunk.keys, 0, i, chunk.keySize);
                    Arrays.fill(row, 0, chunk.keySize, 0);
                    Rows.add(row, errors[i], stateColumns, 0, chunk.valueSize, chunk.keySize);
                    Rows.add(linear.keys[i], -chunk.fromStart[i], row, chunk.keySize);
                    linear.logDecays[i] -= chunk.fromStart[i] * Rows.dot(row, chunk.keys[i], chunk.keySize);
                }
                Rows.transpose(pairColumns, pairs, c, c);
                for (int j = 0; j < c; j++) {
                    Rows.add(linear.keys[j], pairColumns[j], chunk.keys, j + 1, c, chunk.keySize);
                }
                linear.retreat(dstate);
                linear.add(dstate, chunk.keys, errors, -1);
            }
        }
    }

    /// How H heads share K key heads.
    public enum HeadSharing {
        /// Consecutive heads share: head h has the key head `h / (H / K)`.
        GROUPED {
            @Override
            public int keyHead(int head, int numHeads, int numKeyHeads) {
                return head / (numHeads / numKeyHeads);
            }

            @Override
            public int head(int keyHead, int index, int numHeads, int numKeyHeads) {
                return keyHead * (numHeads / numKeyHeads) + index;
            }
        },
        /// Interleaved: head h has the key head `h mod K`.
        INTERLEAVED {
            @Override
            public int keyHead(int head, int numHeads, int numKeyHeads) {
                return head % numKeyHeads;
            }

            @Override
            public int head(int keyHead, int index, int numHeads, int numKeyHeads) {
                return index * numKeyHeads + keyHead;
            }
        };

        /// The key head of a head.
        public abstract int keyHead(int head, int numHeads, int numKeyHeads);

        /// The head with number `index` among those of a key head.
        public abstract int head(int keyHead, int index, int numHeads, int numKeyHeads);
    }
}
