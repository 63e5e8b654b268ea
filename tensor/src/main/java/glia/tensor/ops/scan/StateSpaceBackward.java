package glia.tensor.ops.scan;

import glia.tensor.Tensor;
import glia.tensor.ops.ArrayMath;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Tape;
import java.util.Arrays;

/// The gradient of a `StateSpaceScan`, head by head and chunk by chunk from the end. With the symbols of
/// `StateSpaceHead`, `M[t,u] = (C[t]·B[u]) e^(a[t]-a[u])`, g the gradient of the state after the chunk and `r[u] =
/// e^(a[L-1]-a[u])`:
///
/// > `dv[u] = Σ_{t≥u} M[t,u] dy[t] + r[u] B[u]·g`
/// > `dC[t] = Σ_{u≤t} K[t,u] B[u] + e^a[t] h·dy[t]`, with `K[t,u] = e^(a[t]-a[u]) dy[t]·v[u]`
/// > `dB[u] = Σ_{t≥u} K[t,u] C[t] + r[u] g·v[u]`
/// > `da[t] += Σ_u K[t,u] C[t]·B[u] + e^a[t] dy[t]·(C[t] h)`, `da[u] -= Σ_t K[t,u] C[t]·B[u] + r[u] v[u]·(B[u] g)`
/// > `da[L-1] += Σ_u r[u] v[u]·(B[u] g) + e^a[L-1] g·h`, `g ← e^a[L-1] g + Σ_t e^a[t] C[t] dy[t]`
///
/// Then `d(ΔA)[t] = Σ_{u≥t} da[u]`, from which the gradients of Δ, A and the rest follow. States before chunks are
/// recomputed.
final class StateSpaceBackward {
    private final StateSpaceScan scan;
    private final Tensor dx;
    private final Tensor dsteps;
    private final Tensor db;
    private final Tensor dc;
    private final Tensor dstepBias;
    private final Tensor dDecay;
    private final Tensor dskip;
    private final Tensor dy;
    /// `[H·N, 2 S]`: what each head adds to the gradients of B and C, which heads share.
    private final Tensor partial;
    private final Tape tape;

    StateSpaceBackward(StateSpaceScan scan, Tape tape, Tensor y) {
        this.scan = scan;
        this.tape = tape;
        dx = tape.gradient(scan.x());
        dsteps = tape.gradient(scan.steps());
        db = tape.gradient(scan.b());
        dc = tape.gradient(scan.c());
        dstepBias = tape.gradient(scan.weights().stepBias());
        dDecay = tape.gradient(scan.weights().decay());
        dskip = tape.gradient(scan.weights().skip());
        dy = tape.gradient(y);
        partial = tape.scratch(scan.numHeads() * scan.x().rows(), 2 * scan.stateSize());
    }

    void run() {
        StateSpaceHead.Numbers numbers = new StateSpaceHead.Numbers(scan.weights());
        long cost = 12L * scan.x().rows() * scan.headSize() * scan.stateSize();
        new StateSpaceScan.Heads(tape.kernels().workers(), head -> new Head(numbers, head).run(), scan.numHeads(),
                cost);
        int stateSize = scan.stateSize();
        float[] row = new float[stateSize];
        for (int head = 0; head < scan.numHeads(); head++) {
            int group = (int) ((long) head * scan.numGroups() / scan.numHeads());
            for (int n = 0; n < scan.x().rows(); n++) {
                int at = head * scan.x().rows() + n;
                ChannelBlocks.load(partial, at, 0, row, stateSize);
                ChannelBlocks.add(row, db, n, group * stateSize, stateSize);
                ChannelBlocks.load(partial, at, stateSize, row, stateSize);
                ChannelBlocks.add(row, dc, n, group * stateSize, stateSize);
            }
        }
    }

    /// The backward pass of one head.
    private final class Head {
        private final int head;
        private final StateSpaceHead forward;
        private final int headSize;
        private final int stateSize;
        private final double decayDerivative;
        private final float[][] g;
        private final float[][] transposed;
        private final float[][] out;
        private final float[][] dv;
        private final float[][] dB;
        private final float[][] dC;
        private final double[] dsums;
        private final float[] decays;
        private final float[] scores;
        private final float[] pulls;
        private double ddecay;
        private double dskips;
        private double dbias;

        Head(StateSpaceHead.Numbers numbers, int head) {
            this.head = head;
            forward = StateSpaceHead.of(scan, numbers, head);
            decayDerivative = numbers.derivative[head];
            headSize = forward.headSize;
            stateSize = forward.stateSize;
            int most = StateSpaceHead.CHUNK;
            g = new float[stateSize][headSize];
            transposed = new float[headSize][Math.max(stateSize, most)];
            out = new float[most][headSize];
            dv = new float[most][headSize];
            dB = new float[most][stateSize];
            dC = new float[most][stateSize];
            dsums = new double[most];
            decays = new float[most];
            scores = new float[most];
            pulls = new float[most];
        }

        void run() {
            for (int run = 0; run < scan.runs().count(); run++) {
                back(scan.runs().start(run), scan.runs().end(run));
            }
            dDecay.set(head, dDecay.get(head) + (float) (ddecay * decayDerivative));
            dskip.set(head, dskip.get(head) + (float) dskips);
            dstepBias.set(head, dstepBias.get(head) + (float) dbias);
        }

        private void back(int start, int end) {
            int chunk = StateSpaceHead.CHUNK;
            float[][][] begins = new float[Math.ceilDiv(end - start, chunk)][stateSize][headSize];
            clear(forward.h, stateSize);
            for (int i = 1; i < begins.length; i++) {
                forward.chunk(start + (i - 1) * chunk, chunk);
                forward.advance();
                copy(forward.h, begins[i]);
            }
            clear(g, stateSize);
            for (int i = begins.length - 1; i >= 0; i--) {
                int first = start + i * chunk;
                copy(begins[i], forward.h);
                forward.chunk(first, Math.min(chunk, end - first));
                back();
            }
        }

        /// Runs the backward pass of the chunk that `forward` holds, with h the state before it.
        private void back() {
            int length = forward.length;
            Arrays.fill(dsums, 0);
            clear(dv, length);
            clear(dB, length);
            clear(dC, length);
            for (int t = 0; t < length; t++) {
                ChannelBlocks.load(dy, forward.first + t, head * headSize, out[t], headSize);
            }
            throughTokens(length);
            throughOutput(length);
            throughState(length);
            toInputs(length);
        }

        /// Adds the gradients along the path from token to token within the chunk.
        private void throughTokens(int length) {
            ArrayMath.transpose(transposed, forward.v, length, headSize);
            for (int t = 0; t < length; t++) {
                Arrays.fill(pulls, 0, length, 0);
                ArrayMath.addCombination(pulls, out[t], transposed, headSize, t + 1);
                forward.decaysUntil(t, decays);
                forward.scores(t, scores);
                ArrayMath.multiply(pulls, pulls, decays, t + 1);
                ArrayMath.addCombination(dC[t], pulls, forward.b, t + 1, stateSize);
                for (int u = 0; u <= t; u++) {
                    ArrayMath.addScaled(dv[u], out[t], scores[u] * decays[u], headSize);
                    ArrayMath.addScaled(dB[u], forward.c[t], pulls[u], stateSize);
                    double pull = (double) pulls[u] * scores[u];
                    dsums[t] += pull;
                    dsums[u] -= pull;
                }
            }
        }

        /// Adds the gradients along the path from the state before the chunk to its outputs; g is not yet updated.
        private void throughOutput(int length) {
            ArrayMath.transpose(transposed, forward.h, stateSize, headSize);
            float[] fromState = new float[stateSize];
            for (int t = 0; t < length; t++) {
                Arrays.fill(fromState, 0);
                ArrayMath.addCombination(fromState, out[t], transposed, headSize, stateSize);
                float kept = forward.decayOfState(t);
                ArrayMath.addScaled(dC[t], fromState, kept, stateSize);
                dsums[t] += (double) kept * ArrayMath.dot(fromState, forward.c[t], stateSize);
            }
        }

        /// Adds the gradients along the path to the state after the chunk; g becomes the gradient of the state before
        /// it.
        private void throughState(int length) {
            forward.decaysToEnd(decays);
            ArrayMath.transpose(transposed, g, stateSize, headSize);
            float[] toB = new float[stateSize];
            for (int u = 0; u < length; u++) {
                Arrays.fill(toB, 0);
                ArrayMath.addCombination(toB, forward.v[u], transposed, headSize, stateSize);
                ArrayMath.addScaled(dB[u], toB, decays[u], stateSize);
                double pull = (double) decays[u] * ArrayMath.dot(toB, forward.b[u], stateSize);
                dsums[u] -= pull;
                dsums[length - 1] += pull;
                float[] scaled = new float[stateSize];
                ArrayMath.scale(scaled, forward.b[u], decays[u], stateSize);
                ArrayMath.addCombination(dv[u], scaled, g, stateSize, headSize);
            }
            float kept = forward.decayOfState(length - 1);
            float[][] weights = new float[stateSize][length];
            ArrayMath.transpose(weights, forward.c, length, stateSize);
            for (int t = 0; t < length; t++) {
                decays[t] = forward.decayOfState(t);
            }
            for (int s = 0; s < stateSize; s++) {
                dsums[length - 1] += (double) kept * ArrayMath.dot(g[s], forward.h[s], headSize);
                ArrayMath.scale(g[s], g[s], kept, headSize);
                ArrayMath.multiply(weights[s], weights[s], decays, length);
                ArrayMath.addCombination(g[s], weights[s], out, length, headSize);
            }
        }

        private void toInputs(int length) {
            double later = 0;
            float[] input = new float[headSize];
            for (int t = length - 1; t >= 0; t--) {
                later += dsums[t];
                ddecay += later * forward.step[t];
                double dstep = later * forward.decay + ArrayMath.dot(dv[t], forward.x[t], headSize);
                dskips += ArrayMath.dot(out[t], forward.x[t], headSize);
                ArrayMath.scale(input, dv[t], forward.step[t], headSize);
                ArrayMath.addScaled(input, out[t], forward.skip, headSize);
                ChannelBlocks.add(input, dx, forward.first + t, head * headSize, headSize);
                double raw = dstep * derivative(forward.raw[t]);
                dbias += raw;
                long at = (long) (forward.first + t) * scan.numHeads() + head;
                dsteps.set(at, dsteps.get(at) + (float) raw);
                int row = head * scan.x().rows() + forward.first + t;
                ChannelBlocks.store(dB[t], partial, row, 0, stateSize);
                ChannelBlocks.store(dC[t], partial, row, stateSize, stateSize);
            }
        }

        /// The derivative of the clamped softplus.
        private double derivative(double raw) {
            double value = Math.max(raw, 0) + Math.log1p(Math.exp(-Math.abs(raw)));
            boolean clamped = value < scan.limits().min() || value > scan.limits().max();
            return clamped ? 0 : 1 / (1 + Math.exp(-raw));
        }

        private static void clear(float[][] rows, int count) {
            for (int i = 0; i < count; i++) {
                Arrays.fill(rows[i], 0);
            }
        }

        private static void copy(float[][] rows, float[][] to) {
            for (int s = 0; s < rows.length; s++) {
                System.arraycopy(rows[s], 0, to[s], 0, rows[s].length);
            }
        }
    }
}
