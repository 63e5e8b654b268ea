package glia.tensor.ops;

import glia.tensor.Tensor;
import java.util.Arrays;

/// One head of a `StateSpaceScan`, chunk by chunk. With the sums `a[t] = Σ_{u≤t} Δ[u] A` from the chunk's start, the
/// inputs `v[t] = Δ[t] x[t]` and the state h before the chunk,
///
/// > `y[t] = Σ_{u≤t} (C[t]·B[u]) e^(a[t]-a[u]) v[u] + e^a[t] C[t] h + D x[t]`
/// > `h ← e^a[L-1] h + Σ_u e^(a[L-1]-a[u]) B[u] v[u]`
final class StateSpaceHead {
    /// The most tokens in a chunk.
    static final int CHUNK = 64;

    /// The weights as plain numbers.
    static final class Numbers {
        final float[] stepBias;
        /// A.
        final double[] decay;
        /// The derivative of A by what is stored.
        final double[] slope;
        final float[] skip;

        Numbers(StateSpaceScan.HeadWeights weights) {
            stepBias = ChannelBlocks.numbers(weights.stepBias());
            float[] decays = ChannelBlocks.numbers(weights.decay());
            skip = ChannelBlocks.numbers(weights.skip());
            decay = new double[decays.length];
            slope = new double[decays.length];
            for (int i = 0; i < decay.length; i++) {
                decay[i] = weights.form().rate(decays[i]);
                slope[i] = weights.form().slope(decays[i]);
            }
        }
    }

    private final StateSpaceScan scan;
    private final int head;
    private final int group;
    private final float bias;
    private final ArrayMath math;
    private final float[] row;
    private final float[][] turnedB;
    private final float[] sum;
    final double decay;
    final float skip;
    final int headSize;
    final int stateSize;
    /// The state, `[S][P]`.
    final float[][] h;

    /// The present chunk: its first token and its length, and for each token B, C, x, v, Δ before and after the
    /// softplus and a.
    int first;
    int length;
    final float[][] b;
    final float[][] c;
    final float[][] x;
    final float[][] v;
    final float[] raw;
    final float[] step;
    final double[] sums;

    StateSpaceHead(StateSpaceScan scan, Numbers numbers, int head) {
        this.scan = scan;
        this.head = head;
        headSize = scan.headSize();
        stateSize = scan.stateSize();
        group = (int) ((long) head * scan.numGroups() / scan.numHeads());
        bias = numbers.stepBias[head];
        decay = numbers.decay[head];
        skip = numbers.skip[head];
        int most = Math.min(CHUNK, longest(scan));
        math = new ArrayMath(most);
        row = new float[most];
        sum = new float[headSize];
        turnedB = new float[stateSize][most];
        h = new float[stateSize][headSize];
        b = new float[most][stateSize];
        c = new float[most][stateSize];
        x = new float[most][headSize];
        v = new float[most][headSize];
        raw = new float[most];
        step = new float[most];
        sums = new double[most];
    }

    private static int longest(StateSpaceScan scan) {
        int longest = 1;
        for (int run = 0; run < scan.runs().count(); run++) {
            longest = Math.max(longest, scan.runs().end(run) - scan.runs().start(run));
        }
        return longest;
    }

    /// Reads the chunk of `count` tokens from t on.
    void chunk(int t, int count) {
        first = t;
        length = count;
        for (int i = 0; i < count; i++) {
            ChannelBlocks.load(scan.b(), t + i, group * stateSize, b[i], stateSize);
            ChannelBlocks.load(scan.c(), t + i, group * stateSize, c[i], stateSize);
            ChannelBlocks.load(scan.x(), t + i, head * headSize, x[i], headSize);
            raw[i] = scan.steps().get((long) (t + i) * scan.numHeads() + head) + bias;
        }
        math.softplus(raw, step, count);
        double total = 0;
        for (int i = 0; i < count; i++) {
            step[i] = Math.min(Math.max(step[i], scan.limits().least()), scan.limits().most());
            total += step[i] * decay;
            sums[i] = total;
            ArrayMath.scale(v[i], x[i], step[i], headSize);
        }
        ArrayMath.turn(turnedB, b, count, stateSize);
    }

    /// `decays[u] = e^(a[t] - a[u])` for u up to t.
    void decaysUntil(int t, float[] decays) {
        for (int u = 0; u <= t; u++) {
            decays[u] = (float) (sums[t] - sums[u]);
        }
        math.exp(decays, decays, t + 1);
    }

    /// `decays[u] = e^(a[L-1] - a[u])`, what is left of token u when the chunk ends.
    void decaysToEnd(float[] decays) {
        decaysUntil(length - 1, decays);
    }

    /// `e^a[t]`, what is left of the state at token t.
    float decayOfState(int t) {
        return (float) Math.exp(sums[t]);
    }

    /// `scores[u] = C[t]·B[u]` for all u of the chunk.
    void scores(int t, float[] scores) {
        Arrays.fill(scores, 0, length, 0);
        ArrayMath.addCombination(scores, c[t], turnedB, stateSize, length);
    }

    /// Writes the outputs of the chunk.
    void outputs(Tensor y) {
        float[] scores = new float[length];
        for (int t = 0; t < length; t++) {
            Arrays.fill(sum, 0);
            ArrayMath.addCombination(sum, c[t], h, stateSize, headSize);
            ArrayMath.scale(sum, sum, decayOfState(t), headSize);
            scores(t, scores);
            decaysUntil(t, row);
            ArrayMath.multiply(scores, scores, row, t + 1);
            ArrayMath.addCombination(sum, scores, v, t + 1, headSize);
            ArrayMath.addScaled(sum, x[t], skip, headSize);
            ChannelBlocks.store(sum, y, first + t, head * headSize, headSize);
        }
    }

    /// Moves the state to the end of the chunk.
    void advance() {
        decaysToEnd(row);
        float kept = decayOfState(length - 1);
        float[] factors = new float[length];
        for (int s = 0; s < stateSize; s++) {
            ArrayMath.multiply(factors, turnedB[s], row, length);
            ArrayMath.scale(h[s], h[s], kept, headSize);
            ArrayMath.addCombination(h[s], factors, v, length, headSize);
        }
    }
}
