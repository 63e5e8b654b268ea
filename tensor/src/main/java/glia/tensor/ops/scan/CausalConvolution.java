package glia.tensor.ops.scan;

import glia.tensor.Memory;
import glia.tensor.Tensor;
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
import java.util.Optional;

/// Causal depthwise convolution over the tokens of each run: `y[t,c] = b[c] + Σ_j w[c,j] · x[t - d·(k - 1 - j), c]` for
/// `0 ≤ j < k`, with the dilation d.
///
/// The state is the last `d·(k - 1)` inputs of each channel before the run, oldest first; it is 0 at the start of a
/// sequence. Used before state-space recurrences, https://arxiv.org/abs/2312.00752.
///
/// @param x `[N, C]`
/// @param w `[C, k]` or `[C, 1, k]`
/// @param bias `[C]`
/// @param dilation d
/// @param state `stateSize(C, k, d)` values a sequence
public record CausalConvolution(Tensor x, Weight w, Optional<Weight> bias, int dilation, RecurrentState state,
        Runs runs) implements Operation.Rounded {
    /// Without dilation.
    public CausalConvolution(Tensor x, Weight w, Optional<Weight> bias, RecurrentState state, Runs runs) {
        this(x, w, bias, 1, state, runs);
    }

    public CausalConvolution {
        Compute.require(x.rows() == runs.numTokens() && w.rows() == x.cols() && w.cols() > 0 && dilation > 0,
                "convolution", x,
                Compute.stored(w));
        Compute.require(bias.isEmpty() || bias.get().rows() * bias.get().cols() == x.cols(), "convolution's bias", x,
                bias);
    }

    /// The number of values in the state of a sequence.
    public static int stateSize(int numChannels, int kernelSize, int dilation) {
        return Math.multiplyExact(numChannels, Math.multiplyExact(kernelSize - 1, dilation));
    }

    private int kernelSize() {
        return w.cols();
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        float[] weights = ChannelBlocks.numbers(w);
        StateAddresses states = new StateAddresses(state, runs);
        Optional<float[]> offsets = bias.map(ChannelBlocks::numbers);
        ChannelBlocks.run(ops.kernels().workers(), x.cols(), (long) x.rows() * kernelSize(), (from, count) -> {
            float[][] taps = taps(weights, from, count);
            float[] start = new float[count];
            offsets.ifPresent(b -> System.arraycopy(b, from, start, 0, count));
            float[][] window = new float[(kernelSize() - 1) * dilation + 1][count];
            float[] sum = new float[count];
            for (int run = 0; run < runs.count(); run++) {
                begin(window, states.before(run, 0), from, count);
                for (int t = runs.start(run); t < runs.end(run); t++) {
                    float[] newest = shift(window);
                    ChannelBlocks.load(x, t, from, newest, count);
                    System.arraycopy(start, 0, sum, 0, count);
                    for (int j = 0; j < taps.length; j++) {
                        ArrayMath.addProduct(sum, taps[j], window[j * dilation], count);
                    }
                    ChannelBlocks.store(sum, y, t, from, count);
                }
                end(window, states.after(run, 0), from, count);
            }
        });
        return y;
    }

    /// The weights of some channels, transposed: one row for each place of the window, oldest first.
    private float[][] taps(float[] weights, int from, int count) {
        int size = kernelSize();
        float[][] taps = new float[size][count];
        for (int j = 0; j < size; j++) {
            for (int i = 0; i < count; i++) {
                taps[j][i] = weights[(from + i) * size + j];
            }
        }
        return taps;
    }

    /// Fills the window so that a shift makes room for the first token of a run.
    private void begin(float[][] window, long before, int from, int count) {
        for (int j = 1; j < window.length; j++) {
            if (before == 0) {
                Arrays.fill(window[j], 0);
            } else {
                long at = before + 4 * ((j - 1L) * x.cols() + from);
                MemorySegment.copy(Memory.ALL, Memory.F32, at, window[j], 0, count);
            }
        }
    }

    private void end(float[][] window, long after, int from, int count) {
        for (int j = 1; j < window.length && after != 0; j++) {
            long at = after + 4 * ((j - 1L) * x.cols() + from);
            MemorySegment.copy(window[j], 0, Memory.ALL, Memory.F32, at, count);
        }
    }

    /// Shifts the window by a token and returns the row for it.
    private static float[] shift(float[][] window) {
        float[] oldest = window[0];
        System.arraycopy(window, 1, window, 0, window.length - 1);
        window[window.length - 1] = oldest;
        return oldest;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(w);
        bias.ifPresent(inputs::weights);
    }

    @Override
    public Operation owned() {
        return new CausalConvolution(x, w, bias, dilation, state, runs.frozen());
    }

    /// With `g = dy` and `s = t - d·(k - 1 - j)`: `dx[s] += w[j] · g[t]`, `dw[j] += g[t] · x[s]`, `db += g[t]`.
    @Override
    public void backward(Tape tape, Tensor y) {
        ChannelBlocks.requireNone(state);
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Tensor dw = tape.gradient(w);
        Optional<Tensor> db = bias.map(tape::gradient);
        float[] weights = ChannelBlocks.numbers(w);
        int size = kernelSize();
        ChannelBlocks.run(tape.kernels().workers(), x.cols(), 3L * x.rows() * size, (from, count) -> {
            float[][] taps = taps(weights, from, count);
            float[][] gradients = new float[size][count];
            float[] total = new float[count];
            float[] g = new float[count];
            float[] input = new float[count];
            float[] product = new float[count];
            for (int run = 0; run < runs.count(); run++) {
                for (int t = runs.start(run); t < runs.end(run); t++) {
                    ChannelBlocks.load(dy, t, from, g, count);
                    ArrayMath.addScaled(total, g, 1, count);
                    for (int j = Math.max(0, size - 1 - (t - runs.start(run)) / dilation); j < size; j++) {
                        int source = t - (size - 1 - j) * dilation;
                        ChannelBlocks.load(x, source, from, input, count);
                        ArrayMath.addProduct(gradients[j], g, input, count);
                        ArrayMath.multiply(product, g, taps[j], count);
                        ChannelBlocks.add(product, dx, source, from, count);
                    }
                }
            }
            for (int j = 0; j < size; j++) {
                for (int i = 0; i < count; i++) {
                    long at = (long) (from + i) * size + j;
                    dw.set(at, dw.get(at) + gradients[j][i]);
                }
            }
            db.ifPresent(d -> ChannelBlocks.add(total, d, 0, from, count));
        });
    }
}
