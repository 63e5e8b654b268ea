package glia.tensor.ops.scan;

import glia.tensor.Tensor;
import glia.tensor.kernel.DecayForm;
import glia.tensor.ops.ArrayMath;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Tape;
import java.util.Arrays;

/// The gradient of a `SelectiveScan`. With g the gradient of h, from the end of a run to its start:
///
/// > `g[t] = C[t] dy[t] + e^(Δ[t+1] A) g[t+1]`
/// > `dC[t] = Σ_i h[t] dy[t]`, `dB[t] = Σ_i g[t] Δ x`, `d(Δ x) = Σ_s g[t] B[t]`
/// > `d(Δ A) = g[t] h[t-1] e^(Δ A)`
///
/// States are recomputed one chunk of tokens at a time from the state at its start, so memory grows with the chunk size
/// and the number of chunks, not with the run.
final class SelectiveScanBackward {
    /// Tokens whose states are in memory at a time.
    private static final int CHUNK = 32;

    private final SelectiveScan scan;
    private final Tape tape;
    private final int stateSize;
    private final Tensor dx;
    private final Tensor dsteps;
    private final Tensor dDecay;
    private final Tensor dskip;
    private final Tensor dy;
    private final Tensor partial;

    SelectiveScanBackward(SelectiveScan scan, Tape tape, Tensor y) {
        this.scan = scan;
        this.tape = tape;
        stateSize = scan.b().cols();
        dx = tape.gradient(scan.x());
        dsteps = tape.gradient(scan.steps());
        dDecay = tape.gradient(scan.decay());
        dskip = tape.gradient(scan.skip());
        dy = tape.gradient(y);
        int blocks = Math.ceilDiv(scan.x().cols(), ChannelBlocks.SIZE);
        partial = tape.scratch(blocks * scan.x().rows(), 2 * stateSize);
        partial.zero();
    }

    void run() {
        float[] decays = ChannelBlocks.numbers(scan.decay());
        float[] skips = ChannelBlocks.numbers(scan.skip());
        long cost = 32L * scan.x().rows() * stateSize;
        ChannelBlocks.run(tape.kernels().workers(), scan.x().cols(), cost,
                (from, count) -> new Block(decays, skips, from, count).run());
        Tensor db = tape.gradient(scan.b());
        Tensor dc = tape.gradient(scan.c());
        int tokens = scan.x().rows();
        for (long i = 0; i < partial.size(); i++) {
            int s = (int) (i % (2 * stateSize));
            Tensor to = s < stateSize ? db : dc;
            long at = i / (2 * stateSize) % tokens * stateSize + s % stateSize;
            to.set(at, to.get(at) + partial.get(i));
        }
    }

    /// The backward pass of some channels.
    private final class Block {
        private final int from;
        private final int count;
        private final SelectiveScanBlock forward;
        private final float[][] g;
        private final float[][] ddecay;
        private final float[] dskips;
        private final float[] out;
        private final float[] dinput;
        private final float[] dstep;
        private final float[] sigmoid;
        private final float[] product;
        private final float[] sums = new float[2 * stateSize];
        private final float[] b = new float[stateSize];
        private final float[] c = new float[stateSize];
        private final float[][][] states;
        private final float[][][] factors;
        private final float[][] inputs;
        private final float[][] steps;

        Block(float[] decays, float[] skips, int from, int count) {
            this.from = from;
            this.count = count;
            forward = new SelectiveScanBlock(scan, decays, skips, from, count);
            g = new float[stateSize][count];
            ddecay = new float[stateSize][count];
            dskips = new float[count];
            out = new float[count];
            dinput = new float[count];
            dstep = new float[count];
            sigmoid = new float[count];
            product = new float[count];
            states = new float[CHUNK + 1][stateSize][count];
            factors = new float[CHUNK][stateSize][count];
            inputs = new float[CHUNK][count];
            steps = new float[CHUNK][count];
        }

        void run() {
            for (int run = 0; run < scan.runs().count(); run++) {
                back(scan.runs().start(run), scan.runs().end(run));
            }
            for (int i = 0; i < count; i++) {
                for (int s = 0; s < stateSize; s++) {
                    long at = (long) (from + i) * stateSize + s;
                    float derivative = scan.form() == DecayForm.RATE ? 1 : forward.decay[s][i];
                    dDecay.set(at, dDecay.get(at) + ddecay[s][i] * derivative);
                }
            }
            ChannelBlocks.add(dskips, dskip, 0, from, count);
        }

        private void back(int start, int end) {
            int chunks = Math.ceilDiv(end - start, CHUNK);
            float[][][] begins = new float[chunks][][];
            clear(forward.h);
            for (int chunk = 0; chunk < chunks; chunk++) {
                begins[chunk] = copy(forward.h);
                for (int t = start + chunk * CHUNK; chunk + 1 < chunks && t < start + (chunk + 1) * CHUNK; t++) {
                    forward.step(t);
                }
            }
            clear(g);
            for (int chunk = chunks - 1; chunk >= 0; chunk--) {
                int first = start + chunk * CHUNK;
                int last = Math.min(end, first + CHUNK);
                store(begins[chunk], forward.h);
                store(forward.h, states[0]);
                for (int t = first; t < last; t++) {
                    forward.step(t);
                    store(forward.h, states[t - first + 1]);
                    store(forward.factors, factors[t - first]);
                    System.arraycopy(forward.x, 0, inputs[t - first], 0, count);
                    System.arraycopy(forward.step, 0, steps[t - first], 0, count);
                }
                for (int t = last - 1; t >= first; t--) {
                    token(t, t - first);
                }
            }
        }

        /// Runs the backward pass of token t, which has index `i` in its chunk.
        private void token(int t, int i) {
            ChannelBlocks.load(dy, t, from, out, count);
            ChannelBlocks.load(scan.b(), t, 0, b, stateSize);
            ChannelBlocks.load(scan.c(), t, 0, c, stateSize);
            ArrayMath.multiply(forward.input, inputs[i], steps[i], count);
            Arrays.fill(dinput, 0);
            Arrays.fill(dstep, 0);
            for (int s = 0; s < stateSize; s++) {
                ArrayMath.addScaled(g[s], out, c[s], count);
                sums[s] = ArrayMath.dot(g[s], forward.input, count);
                sums[stateSize + s] = ArrayMath.dot(states[i + 1][s], out, count);
                ArrayMath.addScaled(dinput, g[s], b[s], count);
                ArrayMath.multiply(g[s], g[s], factors[i][s], count);
                ArrayMath.multiply(product, g[s], states[i][s], count);
                ArrayMath.addProduct(dstep, product, forward.decay[s], count);
                ArrayMath.addProduct(ddecay[s], product, steps[i], count);
            }
            int block = from / ChannelBlocks.SIZE;
            ChannelBlocks.add(sums, partial, block * scan.x().rows() + t, 0, sums.length);
            ArrayMath.addProduct(dskips, out, inputs[i], count);
            ArrayMath.addProduct(dstep, dinput, inputs[i], count);
            ArrayMath.multiply(dinput, dinput, steps[i], count);
            ArrayMath.addProduct(dinput, out, forward.skip, count);
            ChannelBlocks.add(dinput, dx, t, from, count);
            derivative(steps[i]);
            ArrayMath.multiply(dstep, dstep, sigmoid, count);
            ChannelBlocks.add(dstep, dsteps, t, from, count);
        }

        /// Computes the derivative of the softplus from its value: `1 - e^-Δ`.
        private void derivative(float[] steps) {
            for (int i = 0; i < count; i++) {
                sigmoid[i] = (float) -Math.expm1(-steps[i]);
            }
        }

        private void clear(float[][] rows) {
            for (float[] row : rows) {
                Arrays.fill(row, 0);
            }
        }

        private float[][] copy(float[][] rows) {
            float[][] copy = new float[rows.length][count];
            store(rows, copy);
            return copy;
        }

        private void store(float[][] rows, float[][] to) {
            for (int s = 0; s < rows.length; s++) {
                System.arraycopy(rows[s], 0, to[s], 0, count);
            }
        }
    }
}
