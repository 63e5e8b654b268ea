package glia.tensor.ops.scan;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.DecayForm;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.ArrayMath;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The selective scan of Mamba, with a state of S values for each of I channels. With `Δ = ln(1 + e^steps)` and A from
/// `decay`:
///
/// > `h[t,s,i] = e^(Δ[t,i] A[i,s]) h[t-1,s,i] + Δ[t,i] B[t,s] x[t,i]`
/// > `y[t,i] = Σ_s C[t,s] h[t,s,i] + D[i] x[t,i]`
///
/// Channels are independent; they are processed in parallel and in vectors. https://arxiv.org/abs/2312.00752
///
/// @param x `[N, I]`
/// @param steps `[N, I]`, before the softplus
/// @param b `[N, S]`
/// @param c `[N, S]`
/// @param decay `[I, S]`, in the form `form`
/// @param skip D, `[I]`
/// @param state h, `[S, I]` for each sequence
public record SelectiveScan(Tensor x, Tensor steps, Tensor b, Tensor c, Weight decay, DecayForm form,
        Weight skip, RecurrentState state, Runs runs) implements Operation.Rounded {
    public SelectiveScan {
        Compute.require(x.rows() == runs.numTokens() && steps.rows() == x.rows() && steps.cols() == x.cols(),
                "selective scan", x, steps);
        Compute.require(b.rows() == x.rows() && c.rows() == x.rows() && c.cols() == b.cols(), "selective scan", b, c);
        Compute.require(decay.rows() == x.cols() && decay.cols() == b.cols(), "selective scan", x,
                Compute.stored(decay));
        Compute.require(Compute.stored(skip).size() == x.cols(), "selective scan", x, Compute.stored(skip));
    }

    /// The number of values in the state of a sequence.
    public static int stateSize(int numChannels, int stateSize) {
        return Math.multiplyExact(numChannels, stateSize);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        float[] decays = ChannelBlocks.numbers(decay);
        float[] skips = ChannelBlocks.numbers(skip);
        StateAddresses addresses = new StateAddresses(state, runs);
        ChannelBlocks.run(ops.kernels().workers(), x.cols(), 8L * x.rows() * b.cols(), (from, count) -> {
            SelectiveScanBlock block = new SelectiveScanBlock(this, decays, skips, from, count);
            for (int run = 0; run < runs.count(); run++) {
                exchange(addresses.before(run, from), block.h, count, false);
                for (int t = runs.start(run); t < runs.end(run); t++) {
                    block.step(t);
                    ChannelBlocks.store(block.y, y, t, from, count);
                }
                exchange(addresses.after(run, from), block.h, count, true);
            }
        });
        return y;
    }

    /// Reads h from a sequence's state, or writes it there. Address 0 reads zeros and discards writes.
    private void exchange(long address, float[][] h, int count, boolean write) {
        for (int s = 0; s < h.length; s++) {
            long at = address + 4L * s * x.cols();
            if (address == 0) {
                java.util.Arrays.fill(h[s], 0, count, 0);
            } else if (write) {
                MemorySegment.copy(h[s], 0, Memory.ALL, Memory.F32, at, count);
            } else {
                MemorySegment.copy(Memory.ALL, Memory.F32, at, h[s], 0, count);
            }
        }
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x, steps, b, c);
        inputs.weights(decay, skip);
    }

    @Override
    public Operation owned() {
        return new SelectiveScan(x, steps, b, c, decay, form, skip, state, runs.frozen());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        ChannelBlocks.requireNone(state);
        new SelectiveScanBackward(this, tape, y).run();
    }

    /// The recurrence of some channels of a `SelectiveScan`, token by token; all loops are over the channels.
    static final class SelectiveScanBlock {
        private final SelectiveScan scan;
        private final int from;
        private final int count;
        private final ArrayMath math;
        private final float[] b;
        private final float[] c;

        /// A, transposed: `[S][channels]`.
        final float[][] decay;
        final float[] skip;
        /// The state, `[S][channels]`.
        final float[][] h;
        /// For the last token: its inputs, their time steps before and after the softplus, `Δ x`, the factors `e^(Δ A)`
        /// and the results.
        final float[] x;
        final float[] raw;
        final float[] step;
        final float[] input;
        final float[][] factors;
        final float[] y;

        SelectiveScanBlock(SelectiveScan scan, float[] decays, float[] skip, int from, int count) {
            this.scan = scan;
            this.from = from;
            this.count = count;
            int stateSize = scan.b().cols();
            math = new ArrayMath(count);
            b = new float[stateSize];
            c = new float[stateSize];
            decay = new float[stateSize][count];
            for (int s = 0; s < stateSize; s++) {
                for (int i = 0; i < count; i++) {
                    decay[s][i] = decays[(from + i) * stateSize + s];
                }
                if (scan.form() == DecayForm.LOGARITHM) {
                    math.exp(decay[s], decay[s], count);
                    ArrayMath.scale(decay[s], decay[s], -1, count);
                }
            }
            this.skip = Arrays.copyOfRange(skip, from, from + count);
            h = new float[stateSize][count];
            factors = new float[stateSize][count];
            x = new float[count];
            raw = new float[count];
            step = new float[count];
            input = new float[count];
            y = new float[count];
        }

        /// Loads a token and advances the state by it.
        void step(int t) {
            ChannelBlocks.load(scan.x(), t, from, x, count);
            ChannelBlocks.load(scan.steps(), t, from, raw, count);
            ChannelBlocks.load(scan.b(), t, 0, b, b.length);
            ChannelBlocks.load(scan.c(), t, 0, c, c.length);
            math.softplus(raw, step, count);
            ArrayMath.multiply(input, step, x, count);
            ArrayMath.multiply(y, skip, x, count);
            for (int s = 0; s < h.length; s++) {
                ArrayMath.multiply(factors[s], step, decay[s], count);
                math.exp(factors[s], factors[s], count);
                advance(h[s], factors[s], input, y, b[s], c[s], count);
            }
        }

        private static void advance(float[] h, float[] factors, float[] input, float[] y, float b, float c, int count) {
            for (int i = 0; i < count; i++) {
                float next = Math.fma(factors[i], h[i], input[i] * b);
                h[i] = next;
                y[i] = Math.fma(c, next, y[i]);
            }
        }
    }

    /// The gradient of a `SelectiveScan`. With g the gradient of h, from the end of a run to its start:
    ///
    /// > `g[t] = C[t] dy[t] + e^(Δ[t+1] A) g[t+1]`
    /// > `dC[t] = Σ_i h[t] dy[t]`, `dB[t] = Σ_i g[t] Δ x`, `d(Δ x) = Σ_s g[t] B[t]`
    /// > `d(Δ A) = g[t] h[t-1] e^(Δ A)`
    ///
    /// States are recomputed one chunk of tokens at a time from the state at its start, so memory grows with the chunk
    /// size and the number of chunks, not with the run.
    static final class SelectiveScanBackward {
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
}
