package glia.tensor.ops.scan;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.ops.ArrayMath;
import glia.tensor.ops.ChannelBlocks;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// One head of a `StateSpaceScan`, chunk by chunk. With the sums `a[t] = Σ_{u≤t} Δ[u] A` from the chunk's start, the
/// inputs `v[t] = Δ[t] x[t]` and the state h before the chunk:
///
/// > `y[t] = Σ_{u≤t} (C[t]·B[u]) e^(a[t]-a[u]) v[u] + e^a[t] C[t] h + D x[t]`
/// > `h ← e^a[L-1] h + Σ_u e^(a[L-1]-a[u]) B[u] v[u]`
final class StateSpaceHead {
    /// Maximal number of tokens in a chunk.
    static final int CHUNK = 64;

    /// The weights as arrays.
    static final class Numbers {
        final float[] stepBias;
        /// A.
        final double[] decay;
        /// The derivative of A with respect to the stored value.
        final double[] derivative;
        final float[] skip;

        Numbers(StateSpaceScan.HeadWeights weights) {
            stepBias = ChannelBlocks.numbers(weights.stepBias());
            float[] decays = ChannelBlocks.numbers(weights.decay());
            skip = ChannelBlocks.numbers(weights.skip());
            decay = new double[decays.length];
            derivative = new double[decays.length];
            for (int i = 0; i < decay.length; i++) {
                decay[i] = weights.form().rate(decays[i]);
                derivative[i] = weights.form().derivative(decays[i]);
            }
        }
    }

    /// Each thread's object, recreated when the sizes change.
    private static final ThreadLocal<StateSpaceHead> OWN = new ThreadLocal<>();

    private StateSpaceScan scan;
    private int head;
    private int group;
    private float bias;
    private final ArrayMath math = new ArrayMath(CHUNK);
    private final float[] row = new float[CHUNK];
    private final float[] scores = new float[CHUNK];
    private final float[][] transposedB;
    private final float[] sum;
    double decay;
    float skip;
    final int headSize;
    final int stateSize;
    /// The state, `[S][P]`.
    final float[][] h;

    /// The current chunk: its first token and its length, and for each token B, C, x, v, Δ before and after the
    /// softplus, and a.
    int first;
    int length;
    final float[][] b;
    final float[][] c;
    final float[][] x;
    final float[][] v;
    final float[] raw = new float[CHUNK];
    final float[] step = new float[CHUNK];
    final double[] sums = new double[CHUNK];

    private StateSpaceHead(int headSize, int stateSize) {
        this.headSize = headSize;
        this.stateSize = stateSize;
        sum = new float[headSize];
        transposedB = new float[stateSize][CHUNK];
        h = new float[stateSize][headSize];
        b = new float[CHUNK][stateSize];
        c = new float[CHUNK][stateSize];
        x = new float[CHUNK][headSize];
        v = new float[CHUNK][headSize];
    }

    /// Returns the calling thread's object, set to a head of a scan.
    static StateSpaceHead of(StateSpaceScan scan, Numbers numbers, int head) {
        StateSpaceHead own = OWN.get();
        if (own == null || own.headSize != scan.headSize() || own.stateSize != scan.stateSize()) {
            own = new StateSpaceHead(scan.headSize(), scan.stateSize());
            OWN.set(own);
        }
        own.scan = scan;
        own.head = head;
        own.group = (int) ((long) head * scan.numGroups() / scan.numHeads());
        own.bias = numbers.stepBias[head];
        own.decay = numbers.decay[head];
        own.skip = numbers.skip[head];
        return own;
    }

    /// Reads h from a sequence's state; zeros for address 0.
    void load(long address) {
        for (int s = 0; s < stateSize; s++) {
            if (address == 0) {
                Arrays.fill(h[s], 0);
            } else {
                MemorySegment.copy(Memory.ALL, Memory.F32, address + 4L * s * headSize, h[s], 0, headSize);
            }
        }
    }

    /// Writes h to a sequence's state; does nothing for address 0.
    void store(long address) {
        for (int s = 0; s < stateSize && address != 0; s++) {
            MemorySegment.copy(h[s], 0, Memory.ALL, Memory.F32, address + 4L * s * headSize, headSize);
        }
    }

    /// Processes token t alone, by the recurrence.
    void token(int t, Tensor y) {
        read(t, 1);
        float kept = decayOfState(0);
        ArrayMath.scale(sum, x[0], skip, headSize);
        for (int s = 0; s < stateSize; s++) {
            advance(h[s], v[0], sum, kept, b[0][s], c[0][s], headSize);
        }
        ChannelBlocks.store(sum, y, t, head * headSize, headSize);
    }

    private static void advance(float[] h, float[] v, float[] y, float kept, float b, float c, int count) {
        for (int i = 0; i < count; i++) {
            float next = Math.fma(kept, h[i], b * v[i]);
            h[i] = next;
            y[i] = Math.fma(c, next, y[i]);
        }
    }

    /// Loads the chunk of `count` tokens from t on.
    void chunk(int t, int count) {
        read(t, count);
        ArrayMath.transpose(transposedB, b, count, stateSize);
    }

    private void read(int t, int count) {
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
            step[i] = Math.min(Math.max(step[i], scan.limits().min()), scan.limits().max());
            total += step[i] * decay;
            sums[i] = total;
            ArrayMath.scale(v[i], x[i], step[i], headSize);
        }
    }

    /// `decays[u] = e^(a[t] - a[u])` for u up to t.
    void decaysUntil(int t, float[] decays) {
        for (int u = 0; u <= t; u++) {
            decays[u] = (float) (sums[t] - sums[u]);
        }
        math.exp(decays, decays, t + 1);
    }

    /// `decays[u] = e^(a[L-1] - a[u])`, the decay from token u to the end of the chunk.
    void decaysToEnd(float[] decays) {
        decaysUntil(length - 1, decays);
    }

    /// `e^a[t]`, the decay of the state up to token t.
    float decayOfState(int t) {
        return (float) Math.exp(sums[t]);
    }

    /// `scores[u] = C[t]·B[u]` for all u of the chunk.
    void scores(int t, float[] scores) {
        Arrays.fill(scores, 0, length, 0);
        ArrayMath.addCombination(scores, c[t], transposedB, stateSize, length);
    }

    /// Writes the outputs of the chunk.
    void outputs(Tensor y) {
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

    /// Advances the state to the end of the chunk.
    void advance() {
        decaysToEnd(row);
        float kept = decayOfState(length - 1);
        for (int s = 0; s < stateSize; s++) {
            ArrayMath.multiply(scores, transposedB[s], row, length);
            ArrayMath.scale(h[s], h[s], kept, headSize);
            ArrayMath.addCombination(h[s], scores, v, length, headSize);
        }
    }
}
