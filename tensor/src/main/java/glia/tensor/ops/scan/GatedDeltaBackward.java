package glia.tensor.ops.scan;

import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Tape;
import java.util.Arrays;

/// The gradient of `GatedDelta`, chunk by chunk from the end; the states before the chunks are recomputed first. With
/// `r` the gradient of the corrections u from `LinearChunkBackward`, the triangular system is solved backwards,
///
/// > r_j ← r_j - Σ_{i>j} D_ij (k_i·k_j) e_i,  e_j = β_j r_j
///
/// and then `dv = e`, `dβ_i = r_i·u_i/β_i`, `dk_i -= d_i·S·e_i + Σ_{j<i} D_ij (e_i·u_j) k_j`, `dk_j -= Σ_{i>j} D_ij
/// (e_i·u_j) k_i`, `dS -= Σ_i d_i k_i ⊗ e_i`; γ gets the same products with a negative sign.
final class GatedDeltaBackward {
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
