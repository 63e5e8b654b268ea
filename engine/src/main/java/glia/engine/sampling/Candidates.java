package glia.engine.sampling;

import glia.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;

/// The tokens that may still be chosen, with their logits. Steps of the chain change logits and drop tokens; what stays
/// is always the best so many. All arrays are made once and serve every token.
///
/// Of two tokens with equal logits the one with the lower id is better.
final class Candidates {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private final float[] logits;
    private final int[] ids;
    private final float[] weights;
    private int size;

    Candidates(int vocabSize) {
        logits = new float[vocabSize];
        ids = new int[vocabSize];
        weights = new float[vocabSize];
    }

    int vocabSize() {
        return logits.length;
    }

    /// The number of tokens that are left.
    int size() {
        return size;
    }

    /// Begins with the first `vocabSize` logits of a row; further columns are padding.
    void load(Tensor rows, int row) {
        MemorySegment.copy(rows.memory(), F32, row * rows.rowBytes(), logits, 0, logits.length);
    }

    /// A token's logit, for the steps that come before any token is dropped.
    float logit(int id) {
        return logits[id];
    }

    void logit(int id, float value) {
        logits[id] = value;
    }

    /// Gathers all tokens that can be chosen: those whose logit is a number above negative infinity.
    ///
    /// @throws IllegalStateException if there is none
    void gather() {
        int n = 0;
        for (int id = 0; id < logits.length; id++) {
            float logit = logits[id];
            if (logit > Float.NEGATIVE_INFINITY) {
                if (logit == Float.POSITIVE_INFINITY) {
                    logits[id] = Float.MAX_VALUE;
                }
                ids[n++] = id;
            }
        }
        size = n;
        if (n == 0) {
            throw new IllegalStateException("no token can be chosen: all " + logits.length + " logits are -infinity or "
                    + "not numbers. Is the model's file sound, and does the logit bias leave any token?");
        }
    }

    /// The best token.
    int best() {
        int best = ids[0];
        for (int i = 1; i < size; i++) {
            if (isBetter(ids[i], best)) {
                best = ids[i];
            }
        }
        return best;
    }

    /// The sum of `exp(logit - max)`: the best token's share is 1.
    double mass(float max) {
        double mass = 0;
        for (int i = 0; i < size; i++) {
            mass += Math.exp(logits[ids[i]] - max);
        }
        return mass;
    }

    float max() {
        return logits[best()];
    }

    /// Keeps the best `k`, in falling order.
    void keepBest(int k) {
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

    /// Keeps the fewest best tokens whose mass reaches this, in falling order; at least one.
    void keepMass(double wanted, float max) {
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

    /// Draws a token by its share of `exp((logit - max) / temperature)`.
    int draw(float temperature, RandomGenerator random) {
        float max = max();
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
