package glia.tensor.ops.scan;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// Causal convolution with taps of each token: `y[t,c] = Σ_j (w[j,c] + taps[t, h·k + j]) · x[t - j, c]` for
/// `0 ≤ j < k`, where h is the head of channel c.
///
/// The state is the last k - 1 inputs before the run, `[k - 1, C]`, oldest first; it is 0 at the start of a sequence.
///
/// @param x `[N, C]`
/// @param taps `[N, H·k]`
/// @param w `[k, C]`; row 0 is that of the token itself
public record DynamicConvolution(Tensor x, Tensor taps, Weight w, RecurrentState state, Runs runs)
        implements Operation.Rounded {
    public DynamicConvolution {
        Compute.require(x.rows() == runs.numTokens() && taps.rows() == x.rows() && w.cols() == x.cols()
                && taps.cols() % w.rows() == 0 && x.cols() % (taps.cols() / w.rows()) == 0, "convolution", x, taps);
    }

    /// Channels of a head.
    private int headSize() {
        return x.cols() / (taps.cols() / w.rows());
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        int size = w.rows();
        int cols = x.cols();
        Tensor fixed = Compute.stored(w);
        StateAddresses states = new StateAddresses(state, runs);
        float[][] before = new float[runs.count()][(size - 1) * cols];
        for (int run = 0; run < before.length; run++) {
            for (int i = 0; i < before[run].length && states.before(run, 0) != 0; i++) {
                before[run][i] = Memory.f32(states.before(run, i));
            }
        }
        Ranges.run(ops.kernels().workers(), cols / headSize(), 2L * x.rows() * size * headSize(), (from, to) -> {
            for (int run = 0; run < runs.count(); run++) {
                int start = runs.start(run);
                for (int t = start; t < runs.end(run); t++) {
                    for (int c = from * headSize(); c < to * headSize(); c++) {
                        double sum = 0;
                        for (int j = 0; j < size; j++) {
                            float input = t - j >= start ? x.get((long) (t - j) * cols + c)
                                    : before[run][(size - 1 + t - j - start) * cols + c];
                            sum += (double) (fixed.get((long) j * cols + c) + tap(t, c, j)) * input;
                        }
                        y.set((long) t * cols + c, (float) sum);
                    }
                }
            }
        });
        for (int run = 0; run < before.length; run++) {
            for (int i = 0; i < before[run].length && states.after(run, 0) != 0; i++) {
                int t = runs.end(run) - (size - 1) + i / cols;
                Memory.f32(states.after(run, i), t >= runs.start(run) ? x.get((long) t * cols + i % cols)
                        : before[run][(size - 1 + t - runs.start(run)) * cols + i % cols]);
            }
        }
        return y;
    }

    private float tap(int t, int c, int j) {
        return taps.get((long) t * taps.cols() + (long) (c / headSize()) * w.rows() + j);
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x, taps);
        inputs.weights(w);
    }

    @Override
    public Operation owned() {
        return new DynamicConvolution(x, taps, w, state, runs.frozen());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        glia.tensor.ops.ChannelBlocks.requireNone(state);
        Tensor dx = tape.gradient(x);
        Tensor dtaps = tape.gradient(taps);
        Tensor dw = tape.gradient(w);
        Tensor dy = tape.gradient(y);
        Tensor fixed = Compute.stored(w);
        int size = w.rows();
        int cols = x.cols();
        Ranges.run(tape.kernels().workers(), cols / headSize(), 6L * x.rows() * size * headSize(), (from, to) -> {
            for (int run = 0; run < runs.count(); run++) {
                for (int t = runs.start(run); t < runs.end(run); t++) {
                    for (int c = from * headSize(); c < to * headSize(); c++) {
                        float g = dy.get((long) t * cols + c);
                        for (int j = 0; j < size && t - j >= runs.start(run); j++) {
                            long source = (long) (t - j) * cols + c;
                            long fixedTap = (long) j * cols + c;
                            long tap = (long) t * taps.cols() + (long) (c / headSize()) * size + j;
                            float product = g * x.get(source);
                            dx.set(source, dx.get(source) + g * (fixed.get(fixedTap) + taps.get(tap)));
                            dw.set(fixedTap, dw.get(fixedTap) + product);
                            dtaps.set(tap, dtaps.get(tap) + product);
                        }
                    }
                }
            }
        });
    }
}
