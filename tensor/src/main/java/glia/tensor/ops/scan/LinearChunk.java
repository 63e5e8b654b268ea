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
}
