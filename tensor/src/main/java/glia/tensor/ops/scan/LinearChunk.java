package glia.tensor.ops.scan;

import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.util.Arrays;

/// A chunk of C tokens of one head of linear attention with decay, `S_i = a_i·S_{i-1} + k_i ⊗ u_i`, `o_i = S_iᵀ·q_i`,
/// in parallel form. With the products of decays `D_ij = a_{j+1}·…·a_i`, `d_i = a_1·…·a_i` and the state S before the
/// chunk:
///
/// > o_i = d_i·Sᵀq_i + Σ_{j ≤ i} D_ij (q_i·k_j) u_j,  S ← d_C·S + Σ_j D_Cj k_j ⊗ u_j
///
/// These are products of small matrices (https://arxiv.org/abs/2006.16236, https://arxiv.org/abs/2307.08621). A chunk
/// of one token is the recurrence itself.
final class LinearChunk {
    /// Tokens in a chunk. The cost within chunks grows with it; the number of passes over the state shrinks.
    static final int TOKENS = 64;

    /// Tokens in a chunk for a kernel backend: 1 if results may not depend on where a run begins (batch invariance).
    static int tokens(Kernels kernels) {
        return kernels.isBatchInvariant() ? 1 : TOKENS;
    }

    final int keySize;
    final int valueSize;
    int count;
    final float[][] queries;
    final float[][] keys;
    /// The keys, transposed.
    final float[][] keyColumns;
    final float[][] updates;
    final float[][] outputs;
    /// `q_i·k_j` for j ≤ i, later multiplied by `D_ij`.
    final float[][] scores;
    /// `D_ij` for j ≤ i.
    final float[][] decays;
    /// `d_i`.
    final float[] fromStart;
    private final float[] row;

    LinearChunk(Rows rows, int tokens, int keySize, int valueSize) {
        this.keySize = keySize;
        this.valueSize = valueSize;
        queries = rows.take(tokens, keySize);
        keys = rows.take(tokens, keySize);
        keyColumns = rows.take(keySize, tokens);
        updates = rows.take(tokens, valueSize);
        outputs = rows.take(tokens, valueSize);
        scores = rows.take(tokens, tokens);
        decays = rows.take(tokens, tokens);
        fromStart = rows.take(tokens);
        row = rows.take(Math.max(keySize, tokens));
    }

    /// Loads `numTokens` tokens from row `from` on: queries and keys of one head, values as the updates.
    void load(Tensor q, Tensor k, int keyCol, Tensor v, int valueCol, int from, int numTokens, float scale) {
        count = numTokens;
        Rows.load(queries, q, from, count, keyCol, keySize);
        for (int i = 0; i < count; i++) {
            Rows.scale(queries[i], scale, queries[i], keySize);
        }
        Rows.load(keys, k, from, count, keyCol, keySize);
        Rows.transpose(keyColumns, keys, count, keySize);
        Rows.load(updates, v, from, count, valueCol, valueSize);
    }

    /// Computes the products of decays.
    void decay(float[] factors) {
        float product = 1;
        for (int i = 0; i < count; i++) {
            product *= factors[i];
            fromStart[i] = product;
            if (i > 0) {
                Rows.scale(decays[i], factors[i], decays[i - 1], i);
            }
            decays[i][i] = 1;
        }
    }

    /// Computes the outputs from the updates.
    void attend(float[][] state) {
        for (int i = 0; i < count; i++) {
            Arrays.fill(scores[i], 0, i + 1, 0);
            Rows.add(scores[i], queries[i], keyColumns, 0, keySize, i + 1);
            Rows.multiply(scores[i], scores[i], decays[i], i + 1);
            Arrays.fill(outputs[i], 0, valueSize, 0);
            Rows.scale(row, fromStart[i], queries[i], keySize);
            Rows.add(outputs[i], row, state, 0, keySize, valueSize);
            Rows.add(outputs[i], scores[i], updates, 0, i + 1, valueSize);
        }
    }

    /// Advances the state to the end of the chunk.
    void advance(float[][] state) {
        for (int p = 0; p < keySize; p++) {
            Rows.multiply(row, keyColumns[p], decays[count - 1], count);
            Rows.scale(state[p], fromStart[count - 1], state[p], valueSize);
            Rows.add(state[p], row, updates, 0, count, valueSize);
        }
    }

    /// The gradient of a `LinearChunk`. From the gradients do of its outputs and dS of the state after it:
    ///
    /// > du_j = Σ_{i ≥ j} D_ij (q_i·k_j) do_i + D_Cj·dSᵀk_j
    /// > dq_i = d_i·S·do_i + Σ_{j ≤ i} D_ij (do_i·u_j) k_j
    /// > dk_j = Σ_{i ≥ j} D_ij (do_i·u_j) q_i + D_Cj·dS·u_j
    /// > dS ← d_C·dS + Σ_i d_i q_i ⊗ do_i
    ///
    /// For `γ_i = ln d_i`: each pair adds `D_ij (q_i·k_j)(do_i·u_j)` to γ_i and subtracts it from γ_j; the start of the
    /// chunk adds `d_i q_iᵀS do_i`, and its end `D_Cj k_jᵀdS u_j`.
    static final class LinearChunkBackward {
        final float[][] outputs;
        final float[][] updates;
        final float[][] queries;
        final float[][] keys;
        /// The gradients of γ.
        final double[] logDecays;
        private final LinearChunk chunk;
        private final float[][] updateColumns;
        private final float[][] pairs;
        private final float[][] pairColumns;
        private final float[][] scoreColumns;
        private final float[][] transposed;
        private final float[] row;

        LinearChunkBackward(Rows rows, LinearChunk chunk, int tokens) {
            this.chunk = chunk;
            int keySize = chunk.keySize;
            int valueSize = chunk.valueSize;
            outputs = rows.take(tokens, valueSize);
            updates = rows.take(tokens, valueSize);
            queries = rows.take(tokens, keySize);
            keys = rows.take(tokens, keySize);
            logDecays = new double[tokens];
            updateColumns = rows.take(valueSize, tokens);
            pairs = rows.take(tokens, tokens);
            pairColumns = rows.take(tokens, tokens);
            scoreColumns = rows.take(tokens, tokens);
            transposed = rows.take(valueSize, keySize);
            row = rows.take(Math.max(keySize, Math.max(valueSize, tokens)));
        }

        /// Computes all gradients but the state's, from `outputs` and the state's gradient. `chunk.attend` has run.
        void run(float[][] state, float[][] dstate) {
            int c = chunk.count;
            Arrays.fill(logDecays, 0, c, 0);
            Rows.transpose(updateColumns, chunk.updates, c, chunk.valueSize);
            Rows.zero(queries, c, chunk.keySize);
            Rows.zero(keys, c, chunk.keySize);
            fromPairs(c);
            fromState(state, c);
            fromEnd(state, dstate, c);
        }

        private void fromPairs(int c) {
            for (int i = 0; i < c; i++) {
                Arrays.fill(pairs[i], 0, i + 1, 0);
                Rows.add(pairs[i], outputs[i], updateColumns, 0, chunk.valueSize, i + 1);
                share(chunk.scores[i], pairs[i], i, logDecays);
                Rows.multiply(pairs[i], pairs[i], chunk.decays[i], i + 1);
                Rows.add(queries[i], pairs[i], chunk.keys, 0, i + 1, chunk.keySize);
            }
            Rows.transpose(pairColumns, pairs, c, c);
            Rows.transpose(scoreColumns, chunk.scores, c, c);
            for (int j = 0; j < c; j++) {
                Rows.add(keys[j], pairColumns[j], chunk.queries, j, c, chunk.keySize);
                Arrays.fill(updates[j], 0, chunk.valueSize, 0);
                Rows.add(updates[j], scoreColumns[j], outputs, j, c, chunk.valueSize);
            }
        }

        /// Adds `weights[j]·products[j]` to γ_i and subtracts it from γ_j, for all j < i.
        static void share(float[] weights, float[] products, int i, double[] logDecays) {
            for (int j = 0; j < i; j++) {
                double part = (double) weights[j] * products[j];
                logDecays[i] += part;
                logDecays[j] -= part;
            }
        }

        private void fromState(float[][] state, int c) {
            Rows.transpose(transposed, state, chunk.keySize, chunk.valueSize);
            for (int i = 0; i < c; i++) {
                Arrays.fill(row, 0, chunk.keySize, 0);
                Rows.add(row, outputs[i], transposed, 0, chunk.valueSize, chunk.keySize);
                Rows.add(queries[i], chunk.fromStart[i], row, chunk.keySize);
                logDecays[i] += chunk.fromStart[i] * Rows.dot(row, chunk.queries[i], chunk.keySize);
            }
        }

        private void fromEnd(float[][] state, float[][] dstate, int c) {
            float[] toEnd = chunk.decays[c - 1];
            for (int j = 0; j < c; j++) {
                Rows.scale(row, toEnd[j], chunk.keys[j], chunk.keySize);
                Rows.add(updates[j], row, dstate, 0, chunk.keySize, chunk.valueSize);
            }
            Rows.transpose(transposed, dstate, chunk.keySize, chunk.valueSize);
            double end = 0;
            for (int j = 0; j < c; j++) {
                Arrays.fill(row, 0, chunk.keySize, 0);
                Rows.add(row, chunk.updates[j], transposed, 0, chunk.valueSize, chunk.keySize);
                Rows.add(keys[j], toEnd[j], row, chunk.keySize);
                double part = toEnd[j] * Rows.dot(row, chunk.keys[j], chunk.keySize);
                end += part;
                logDecays[j] -= part;
            }
            for (int p = 0; p < chunk.keySize; p++) {
                end += chunk.fromStart[c - 1] * Rows.dot(state[p], dstate[p], chunk.valueSize);
            }
            logDecays[c - 1] += end;
        }

        /// Computes the state's gradient before the chunk from that after it. Runs last, since all other gradients need
        /// the latter.
        void retreat(float[][] dstate) {
            float decay = chunk.fromStart[chunk.count - 1];
            for (int p = 0; p < chunk.keySize; p++) {
                Rows.scale(dstate[p], decay, dstate[p], chunk.valueSize);
            }
            add(dstate, chunk.queries, outputs, 1);
        }

        /// Computes `dS += sign · Σ_i d_i left_i ⊗ right_i`.
        void add(float[][] dstate, float[][] left, float[][] right, float sign) {
            for (int p = 0; p < chunk.keySize; p++) {
                for (int i = 0; i < chunk.count; i++) {
                    row[i] = sign * chunk.fromStart[i] * left[i][p];
                }
                Rows.add(dstate[p], row, right, 0, chunk.count, chunk.valueSize);
            }
        }
    }
}
