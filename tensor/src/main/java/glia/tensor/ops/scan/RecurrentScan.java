package glia.tensor.ops.scan;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/// A recurrent network over the tokens of each run: `r = W·h + b`, then the cell. The result is h after each token,
/// `[N, H]`. The runs of a batch advance together, so that a time step is one matrix multiplication. Time steps are
/// sequential, since the nonlinearity inside the recurrence has no parallel form.
///
/// The state of a sequence is the cell's vectors, `[numVectors, H]`.
public final class RecurrentScan implements Operation {
    private final Tensor x;
    private final Weight weight;
    private final Optional<Weight> bias;
    private final RecurrentCell cell;
    private final RecurrentState state;
    private final Runs runs;
    private final int size;
    private final int width;
    /// Tokens in the order of the time steps: the first of each run, the second of each… `[N]`, and the run of each.
    private final int[] tokens;
    private final int[] runOf;
    /// The start of each time step in `tokens`.
    private final int[] steps;
    /// In the order of the time steps: h before, the recurrence's contribution, and the state after.
    private Tensor hidden;
    private Tensor shares;
    private Tensor memories;

    /// @param x the input's contribution to the gates with its bias, `[N, numGates·H]`
    /// @param weight `[numGates·H, H]`
    /// @param bias `[numGates·H]`
    public RecurrentScan(Tensor x, Weight weight, Optional<Weight> bias, RecurrentCell cell, RecurrentState state,
            Runs runs) {
        this.x = x;
        this.weight = weight;
        this.bias = bias;
        this.cell = cell;
        this.state = state;
        this.runs = runs;
        size = weight.cols();
        width = cell.numVectors() * size;
        Compute.require(x.rows() == runs.numTokens() && x.cols() == cell.numGates() * size
                && weight.rows() == x.cols(), "recurrent network", x, Compute.stored(weight));
        bias.ifPresent(b -> Compute.require(b.cols() == x.cols(), "recurrent network", x, Compute.stored(b)));
        tokens = new int[x.rows()];
        runOf = new int[x.rows()];
        steps = order();
    }

    private int[] order() {
        int longest = 0;
        for (int r = 0; r < runs.count(); r++) {
            longest = Math.max(longest, runs.end(r) - runs.start(r));
        }
        int[] starts = new int[longest + 1];
        int at = 0;
        for (int t = 0; t < longest; t++) {
            starts[t] = at;
            for (int r = 0; r < runs.count(); r++) {
                if (runs.start(r) + t < runs.end(r)) {
                    tokens[at] = runs.start(r) + t;
                    runOf[at++] = r;
                }
            }
        }
        starts[longest] = at;
        return starts;
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), size);
        hidden = ops.allocate(x.rows(), size);
        shares = ops.allocate(x.rows(), x.cols());
        // In token order, where the next time step finds its previous state.
        memories = ops.allocate(x.rows(), width);
        float[] input = new float[x.cols()];
        float[] share = new float[x.cols()];
        float[] before = new float[width];
        float[] after = new float[width];
        for (int t = 0; t + 1 < steps.length; t++) {
            for (int s = steps[t]; s < steps[t + 1]; s++) {
                before(s, t, before);
                Memory.store(before, 0, address(hidden, s), size);
            }
            Tensor shared = shares.rows(steps[t], steps[t + 1]);
            ops.kernels().linear(shared, hidden.rows(steps[t], steps[t + 1]), Compute.stored(weight));
            if (bias.isPresent()) {
                ops.kernels().addRow(shared, shared, Compute.stored(bias.get()));
            }
            for (int s = steps[t]; s < steps[t + 1]; s++) {
                int n = tokens[s];
                before(s, t, before);
                Memory.load(address(x, n), input, 0, input.length);
                Memory.load(address(shares, s), share, 0, share.length);
                cell.forward(input, share, before, after, size);
                Memory.store(after, 0, address(memories, n), width);
                Memory.store(after, 0, address(y, n), size);
            }
        }
        saveState();
        return y;
    }

    /// Copies the state before the token at place s of time step t.
    private void before(int s, int t, float[] memory) {
        long address = t == 0 ? state.before(runOf[s]) : address(memories, tokens[s] - 1);
        if (address == 0) {
            Arrays.fill(memory, 0);
        } else {
            Memory.load(address, memory, 0, width);
        }
    }

    private void saveState() {
        for (int r = 0; r < runs.count(); r++) {
            long bytes = 4L * width;
            boolean empty = runs.end(r) == runs.start(r);
            long from = empty ? state.before(r) : address(memories, runs.end(r) - 1);
            if (state.after(r) != 0 && from != 0) {
                MemorySegment.copy(Memory.ALL, from, Memory.ALL, state.after(r), bytes);
            } else if (state.after(r) != 0) {
                Memory.ALL.asSlice(state.after(r), bytes).fill((byte) 0);
            }
        }
    }

    private static long address(Tensor t, int row) {
        return t.address() + row * t.rowBytes();
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(weight);
        bias.ifPresent(inputs::weights);
    }

    @Override
    public Operation owned() {
        return new RecurrentScan(x, weight, bias, cell, state, runs.frozen());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Compute.require(state == RecurrentState.NONE, "gradient of a recurrent network", y,
                "a state: gradients need full sequences");
        Tensor dx = tape.gradient(x);
        Tensor dshares = tape.scratch(x.rows(), x.cols());
        Tensor dmemories = tape.scratch(x.rows(), width);
        start(dmemories, tape.gradient(y));
        Tensor dhidden = tape.scratch(runs.count(), size);
        RecurrentCell.CellGradients d = new RecurrentCell.CellGradients(cell, size);
        for (int t = steps.length - 2; t >= 0; t--) {
            for (int s = steps[t]; s < steps[t + 1]; s++) {
                stepBack(s, t, d, dx, dshares, dmemories);
            }
            if (t > 0) {
                Tensor flow = dhidden.rows(0, steps[t + 1] - steps[t]);
                flow.zero();
                tape.kernels().linearBackwardInput(flow, dshares.rows(steps[t], steps[t + 1]),
                        Compute.stored(weight));
                for (int s = steps[t]; s < steps[t + 1]; s++) {
                    add(address(dmemories, tokens[s] - 1), address(flow, s - steps[t]), size);
                }
            }
        }
        gradients(tape, tape.kernels(), dshares);
    }

    private void start(Tensor dmemories, Tensor dy) {
        dmemories.zero();
        for (int n = 0; n < x.rows(); n++) {
            MemorySegment.copy(dy.memory(), n * dy.rowBytes(), dmemories.memory(), n * dmemories.rowBytes(),
                    dy.rowBytes());
        }
    }

    private void stepBack(int s, int t, RecurrentCell.CellGradients d, Tensor dx, Tensor dshares, Tensor dmemories) {
        int n = tokens[s];
        float[] input = new float[x.cols()];
        float[] share = new float[x.cols()];
        float[] before = new float[width];
        float[] after = new float[width];
        before(s, t, before);
        Memory.load(address(x, n), input, 0, input.length);
        Memory.load(address(shares, s), share, 0, share.length);
        Memory.load(address(memories, n), after, 0, width);
        Memory.load(address(dmemories, n), d.after, 0, width);
        cell.backward(d, input, share, before, after, size);
        Memory.store(d.r, 0, address(dshares, s), d.r.length);
        add(address(dx, n), d.x);
        if (t > 0) {
            add(address(dmemories, n - 1), d.before);
        }
    }

    private void gradients(Tape tape, Kernels kernels, Tensor dshares) {
        if (tape.needs(weight)) {
            kernels.linearBackwardWeight(tape.gradient(weight), dshares, hidden);
        }
        if (bias.isPresent() && tape.needs(bias.get())) {
            long db = tape.gradient(bias.get()).address();
            for (int s = 0; s < dshares.rows(); s++) {
                add(db, address(dshares, s), dshares.cols());
            }
        }
    }

    private static void add(long to, float[] from) {
        for (int i = 0; i < from.length; i++) {
            Memory.f32(to + 4L * i, Memory.f32(to + 4L * i) + from[i]);
        }
    }

    private static void add(long to, long from, int count) {
        for (int i = 0; i < count; i++) {
            Memory.f32(to + 4L * i, Memory.f32(to + 4L * i) + Memory.f32(from + 4L * i));
        }
    }

    /// The cells of classic recurrent networks, with PyTorch's gate order and biases: the input contributes `x =
    /// W_ih·input + b_ih`, the recurrence `r = W_hh·h + b_hh`, both `[numGates·H]`.
    public enum RecurrentCell {
        /// `h' = tanh(x + r)`. https://doi.org/10.1207/s15516709cog1402_1
        ELMAN(1, 1) {
            @Override
            void forward(float[] x, float[] r, float[] before, float[] after, int size) {
                for (int i = 0; i < size; i++) {
                    after[i] = (float) Math.tanh((double) x[i] + r[i]);
                }
            }

            @Override
            void backward(CellGradients d, float[] x, float[] r, float[] before, float[] after, int size) {
                for (int i = 0; i < size; i++) {
                    float slope = d.after[i] * (1 - after[i] * after[i]);
                    d.x[i] = slope;
                    d.r[i] = slope;
                    d.before[i] = 0;
                }
            }
        },
        /// Gated recurrent unit with the gates s (reset), z (update), n (candidate), in this order: `n = tanh(x_n +
        /// s·r_n)`, `h' = (1 - z)·n + z·h`. https://arxiv.org/abs/1406.1078
        GRU(3, 1) {
            @Override
            void forward(float[] x, float[] r, float[] before, float[] after, int size) {
                for (int i = 0; i < size; i++) {
                    double s = sigmoid(x[i] + r[i]);
                    double z = sigmoid(x[size + i] + r[size + i]);
                    double n = Math.tanh(x[2 * size + i] + s * r[2 * size + i]);
                    after[i] = (float) ((1 - z) * n + z * before[i]);
                }
            }

            @Override
            void backward(CellGradients d, float[] x, float[] r, float[] before, float[] after, int size) {
                for (int i = 0; i < size; i++) {
                    double s = sigmoid(x[i] + r[i]);
                    double z = sigmoid(x[size + i] + r[size + i]);
                    double n = Math.tanh(x[2 * size + i] + s * r[2 * size + i]);
                    double dn = d.after[i] * (1 - z) * (1 - n * n);
                    d.x[2 * size + i] = (float) dn;
                    d.r[2 * size + i] = (float) (dn * s);
                    d.both(i, dn * r[2 * size + i] * s * (1 - s));
                    d.both(size + i, d.after[i] * (before[i] - n) * z * (1 - z));
                    d.before[i] = (float) (d.after[i] * z);
                }
            }
        },
        /// Long short-term memory with the gates input, forget, candidate, output and the state `[h | c]`: `c' = f·c +
        /// i·g`, `h' = o·tanh(c')`. https://doi.org/10.1162/neco.1997.9.8.1735
        LSTM(4, 2) {
            @Override
            void forward(float[] x, float[] r, float[] before, float[] after, int size) {
                for (int j = 0; j < size; j++) {
                    double i = sigmoid(x[j] + r[j]);
                    double f = sigmoid(x[size + j] + r[size + j]);
                    double g = Math.tanh((double) x[2 * size + j] + r[2 * size + j]);
                    double o = sigmoid(x[3 * size + j] + r[3 * size + j]);
                    double c = f * before[size + j] + i * g;
                    after[size + j] = (float) c;
                    after[j] = (float) (o * Math.tanh(c));
                }
            }

            @Override
            void backward(CellGradients d, float[] x, float[] r, float[] before, float[] after, int size) {
                for (int j = 0; j < size; j++) {
                    double i = sigmoid(x[j] + r[j]);
                    double f = sigmoid(x[size + j] + r[size + j]);
                    double g = Math.tanh((double) x[2 * size + j] + r[2 * size + j]);
                    double o = sigmoid(x[3 * size + j] + r[3 * size + j]);
                    double t = Math.tanh(after[size + j]);
                    double dc = d.after[size + j] + d.after[j] * o * (1 - t * t);
                    d.both(j, dc * g * i * (1 - i));
                    d.both(size + j, dc * before[size + j] * f * (1 - f));
                    d.both(2 * size + j, dc * i * (1 - g * g));
                    d.both(3 * size + j, d.after[j] * t * o * (1 - o));
                    d.before[j] = 0;
                    d.before[size + j] = (float) (dc * f);
                }
            }
        };

        private final int numGates;
        private final int numVectors;

        RecurrentCell(int numGates, int numVectors) {
            this.numGates = numGates;
            this.numVectors = numVectors;
        }

        /// The number of gates: rows of the weights divided by the hidden size.
        public int numGates() {
            return numGates;
        }

        /// The number of vectors of the hidden size in the state, the output first.
        public int numVectors() {
            return numVectors;
        }

        /// Computes the state after a token from the input's and recurrence's contributions and the state before it.
        abstract void forward(float[] x, float[] r, float[] before, float[] after, int size);

        /// Computes all gradients from the gradient `d.after` of the state after a token; `d.before` excludes the path
        /// through r.
        abstract void backward(CellGradients d, float[] x, float[] r, float[] before, float[] after, int size);

        private static double sigmoid(double x) {
            return 1 / (1 + Math.exp(-x));
        }

        /// The gradients at one token.
        static final class CellGradients {
            final float[] x;
            final float[] r;
            final float[] before;
            final float[] after;

            CellGradients(RecurrentCell cell, int size) {
                x = new float[cell.numGates * size];
                r = new float[cell.numGates * size];
                before = new float[cell.numVectors * size];
                after = new float[cell.numVectors * size];
            }

            private void both(int i, double slope) {
                x[i] = (float) slope;
                r[i] = (float) slope;
            }
        }
    }
}
