package glia.tensor.ops.expert;

/// The weights of SparseMixer's choices outside of training (https://arxiv.org/abs/2409.12136): each expert is weighted
/// by a softmax over the logits that are close to its own among the experts that were not chosen before it:
/// `(s_c - s_e) / max(|s_e|, s_c) ≤ 2 · jitter`.
final class SparseMixer {
    private SparseMixer() { }

    /// Writes the softmax of a choice to `shares`; the others get 0.
    ///
    /// @param logits of a token, `[X]`
    /// @param chosen the experts of the token, from `first` on
    /// @param choice the index of the choice among them
    static void shares(double[] logits, int[] chosen, int first, int choice, double jitter, double[] shares) {
        double best = logits[chosen[first + choice]];
        for (int e = 0; e < logits.length; e++) {
            boolean far = (best - logits[e]) / Math.max(Math.abs(logits[e]), best) > 2 * jitter;
            shares[e] = far ? 0 : Math.exp(logits[e] - best);
        }
        for (int j = 0; j < choice; j++) {
            shares[chosen[first + j]] = 0;
        }
        double sum = 0;
        for (double share : shares) {
            sum += share;
        }
        for (int e = 0; e < shares.length; e++) {
            shares[e] /= sum;
        }
    }
}
