package glia.engine.sampling;

import glia.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;

/// The candidate tokens of the sampling chain with their logits. Steps change logits and drop the worst tokens. This is
/// a thread's scratch memory, 12 bytes for each token of the vocabulary, reused for all tokens and sequences.
///
/// Of two tokens with equal logits the one with the lower id is better.
final class Candidates {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private final float[] logits;
    private final int[] ids;
    private final float[] weights;
    private int size;
    /// The best token's logit.
    private float max;

    Candidates(int vocabSize) {
        logits = new float[vocabSize];
        ids = new int[vocabSize];
        weights = new float[vocabSize];
    }

    /// Loads the first `vocabSize` logits of a row; further columns are padding.
    void load(Tensor rows, int row) {
        MemorySegment.copy(rows.memory(), F32, row * rows.rowBytes(), logits, 0, logits.length);
    }

    /// A token's logit, for steps before any token is dropped.
    float logit(int id) {
        return logits[id];
    }

    void logit(int id, float value) {
        logits[id] = value;
    }

    /// A token's logit; +infinity becomes the largest finite value.
    ///
    /// @throws LogitException if the logit is NaN
    private float finiteLogit(int id) {
        float logit = logits[id];
        if (logit != logit) {
            throw new LogitException("the logit of token " + id + " is not a number. Is the model's file "
                    + "intact? Weights that overflowed in training, or a precision that the model does not support, "
                    + "give such logits too");
        }
        if (logit == Float.POSITIVE_INFINITY) {
            logits[id] = Float.MAX_VALUE;
        }
        return logits[id];
    }

    /// Gathers all allowed tokens whose logit is above negative infinity.
    ///
    /// @param allowed a bit for each token, see [TokenMask]; null for all
    /// @throws IllegalStateException if there is none, or a logit is NaN
    void gather(long[] allowed) {
        int n = 0;
        max = Float.NEGATIVE_INFINITY;
        if (allowed == null) {
            for (int id = 0; id < logits.length; id++) {
                float logit = finiteLogit(id);
                ids[n] = id;
                n += logit > Float.NEGATIVE_INFINITY ? 1 : 0;
                max = Math.max(max, logit);
            }
        } else {
            int numWords = Math.min(allowed.length, (logits.length + Long.SIZE - 1) / Long.SIZE);
            for (int i = 0; i < numWords; i++) {
                for (long left = allowed[i]; left != 0; left &= left - 1) {
                    int id = i * Long.SIZE + Long.numberOfTrailingZeros(left);
                    if (id < logits.length && finiteLogit(id) > Float.NEGATIVE_INFINITY) {
                        ids[n++] = id;
                        max = Math.max(max, logits[id]);
                    }
                }
            }
        }
        size = n;
        requireAny(allowed);
    }

    private void requireAny(long[] allowed) {
        if (size > 0) {
            return;
        }
        boolean some = allowed == null;
        for (int i = 0; !some && i < allowed.length; i++) {
            some = allowed[i] != 0;
        }
        throw new IllegalStateException(some ? "no token can be chosen: the logits of all "
                + (allowed == null ? logits.length : "allowed") + " tokens are -infinity. Is the model's file intact, "
                + "and does the logit bias leave any token?"
                : "no token can be chosen: the token mask allows none of " + logits.length
                + ". A grammar that is complete must allow a token that ends the text");
    }

    /// Gathers the best `k` tokens in descending order, as `gather` and `keepBest` do, in one scan.
    ///
    /// @throws IllegalStateException if there is none, or a logit is NaN
    void gatherBest(int k, long[] allowed) {
        if (allowed != null) {
            gather(allowed);
            keepBest(k);
            return;
        }
        int n = 0;
        int id = 0;
        for (; id < logits.length && n < k; id++) {
            ids[n] = id;
            n += finiteLogit(id) > Float.NEGATIVE_INFINITY ? 1 : 0;
        }
        size = n;
        requireAny(null);
        heapify(n, false);
        float least = logits[ids[0]];
        for (; id < logits.length; id++) {
            // Also true for NaN.
            if (!(logits[id] <= least) && finiteLogit(id) > least) {
                ids[0] = id;
                siftDown(0, n, false);
                least = logits[ids[0]];
            }
        }
        sort();
        max = logits[ids[0]];
    }

    /// The best token.
    ///
    /// @throws IllegalStateException if there is none, or a logit is NaN
    int gatherOne(long[] allowed) {
        if (allowed != null) {
            gather(allowed);
            return best();
        }
        size = 0;
        float most = Float.NEGATIVE_INFINITY;
        int best = 0;
        for (int id = 0; id < logits.length; id++) {
            if (!(logits[id] <= most) && finiteLogit(id) > most) {
                most = logits[id];
                best = id;
                size = 1;
            }
        }
        requireAny(null);
        return best;
    }

    /// The best remaining token.
    private int best() {
        int best = ids[0];
        for (int i = 1; i < size; i++) {
            if (isBetter(ids[i], best)) {
                best = ids[i];
            }
        }
        return best;
    }

    /// The number of remaining tokens.
    int size() {
        return size;
    }

    /// The sum of `exp(logit - max)`.
    double mass() {
        double mass = 0;
        for (int i = 0; i < size; i++) {
            mass += Math.exp(logits[ids[i]] - max);
        }
        return mass;
    }

    float max() {
        return max;
    }

    /// Keeps the best `k` in descending order.
    private void keepBest(int k) {
        if (k < size) {
            // A heap of the best so far with the worst on top: most tokens fail its one comparison.
            heapify(k, false);
            for (int i = k; i < size; i++) {
                if (isBetter(ids[i], ids[0])) {
                    ids[0] = ids[i];
                    siftDown(0, k, false);
                }
            }
            size = k;
        } else {
            heapify(size, false);
        }
        sort();
    }

    /// Sorts a heap with the worst token on top in descending order.
    private void sort() {
        for (int end = size - 1; end > 0; end--) {
            swap(0, end);
            siftDown(0, end, false);
        }
    }

    /// Keeps tokens with at least this logit, in no order.
    void keepFrom(float least) {
        int n = 0;
        for (int i = 0; i < size; i++) {
            if (logits[ids[i]] >= least) {
                ids[n++] = ids[i];
            }
        }
        size = n;
    }

    /// Keeps the smallest set of best tokens whose mass reaches `wanted`, at least one, in descending order.
    void keepMass(double wanted) {
        heapify(size, true);
        int rest = size;
        double mass = 0;
        while (rest > 0 && (mass < wanted || rest == size)) {
            rest--;
            swap(0, rest);
            mass += Math.exp(logits[ids[rest]] - max);
            siftDown(0, rest, true);
        }
        for (int i = 0, j = size - 1; i < j; i++, j--) {
            swap(i, j);
        }
        size -= rest;
    }

    /// Draws a token with probability proportional to `exp((logit - max) / temperature)`.
    int draw(float temperature, RandomGenerator random) {
        double mass = 0;
        for (int i = 0; i < size; i++) {
            weights[i] = (float) Math.exp((logits[ids[i]] - max) / temperature);
            mass += weights[i];
        }
        double left = random.nextDouble() * mass;
        int drawn = 0;
        for (int i = 0; i < size && left >= 0; i++) {
            if (weights[i] > 0) {
                drawn = i;
                left -= weights[i];
            }
        }
        return ids[drawn];
    }

    /// The id of a remaining token, best first after `gatherBest`.
    int id(int index) {
        return ids[index];
    }

    private boolean isBetter(int a, int b) {
        return logits[a] > logits[b] || logits[a] == logits[b] && a < b;
    }

    /// Makes a heap of the first `n` with the best (or the worst) on top.
    private void heapify(int n, boolean bestOnTop) {
        for (int i = n / 2 - 1; i >= 0; i--) {
            siftDown(i, n, bestOnTop);
        }
    }

    private void siftDown(int from, int n, boolean bestOnTop) {
        int id = ids[from];
        int at = from;
        for (int child = 2 * at + 1; child < n; child = 2 * at + 1) {
            if (child + 1 < n && isBetter(ids[child + 1], ids[child]) == bestOnTop) {
                child++;
            }
            if (isBetter(ids[child], id) != bestOnTop) {
                break;
            }
            ids[at] = ids[child];
            at = child;
        }
        ids[at] = id;
    }

    private void swap(int i, int j) {
        int id = ids[i];
        ids[i] = ids[j];
        ids[j] = id;
    }
}
