package glia.tensor.ops.expert;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Vectors;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import glia.tensor.ops.WeightProducts;

/// A mixture-of-experts layer (https://arxiv.org/abs/1701.06538): `y[n] = Σ_j w[n,j] · expert_{c[n,j]}(x[n])`, or with
/// weighted inputs `y[n] = Σ_j expert_{c[n,j]}(w[n,j] · x[n])`. An expert is an MLP, `down(form(gate(x), up(x)))`.
///
/// Tokens are sorted by expert (`Dispatch`). Each chosen expert runs one matrix multiplication for each of its maps,
/// all of them as one grouped GEMM; weights of other experts are not read. Experts of the router beyond those with maps
/// return their input.
public final class ExpertMlp implements Operation {
    /// Whether routing weights multiply the experts' outputs or inputs.
    public enum Weighting { OUTPUT, INPUT }

    /// The maps of the experts.
    ///
    /// @param gate `[I, D]`, `ExpertLinear.NONE` if the form has no gate
    /// @param up `[I, D]`
    /// @param down `[D, I]`
    public record Experts(MlpForm form, ExpertLinear gate, ExpertLinear up, ExpertLinear down) {
        public Experts {
            if (form.isGated() == gate.weights().isEmpty()
                    || form.isGated() && gate.weights().size() != up.weights().size()
                    || up.weights().isEmpty() || up.weights().size() != down.weights().size()) {
                throw new IllegalArgumentException(form + " with " + gate.weights().size() + " gates, "
                        + up.weights().size() + " and " + down.weights().size() + " maps up and down");
            }
        }
    }

    final Tensor x;
    final Tensor weights;
    private final Routing routing;
    final Experts experts;
    final Weighting weighting;
    Dispatch dispatch;
    Tensor input;
    Tensor gate;
    Tensor up;
    Tensor cutGate;
    Tensor cutUp;
    Tensor hidden;
    Tensor output;

    /// @param x `[N, D]`
    /// @param weights the result of `routing`, `[N, k]`
    public ExpertMlp(Tensor x, Tensor weights, Routing routing, Experts experts, Weighting weighting) {
        Compute.require(weights.rows() == x.rows() && routing.numTokens() == x.rows()
                && weights.cols() == routing.numChosen(), "experts", x, weights);
        Compute.require(routing.numExperts() >= experts.up.weights().size() && experts.up.inputs() == x.cols()
                && experts.down.outputs() == x.cols(), "experts", x, routing.numExperts());
        this.x = x;
        this.weights = weights;
        this.routing = routing;
        this.experts = experts;
        this.weighting = weighting;
    }

    @Override
    public Tensor forward(Compute ops) {
        Workers workers = ops.kernels().workers();
        dispatch = new Dispatch(routing.chosen(), routing.numChosen(), routing.numExperts(),
                experts.up.weights().size());
        Tensor y = ops.allocate(x.rows(), x.cols());
        input = input(ops);
        int width = experts.up.outputs();
        WeightProducts.Batch products = new WeightProducts.Batch();
        up = ops.allocate(dispatch.size(), width);
        gate = experts.form.isGated() ? ops.allocate(dispatch.size(), width) : up;
        for (int i = 0; i < dispatch.numActive(); i++) {
            if (gate != up) {
                add(products, gate, input, i, experts.gate);
            }
            add(products, up, input, i, experts.up);
        }
        ops.products().multiply(products);
        addBiases(ops, gate, experts.gate);
        addBiases(ops, up, experts.up);
        hidden = ops.allocate(dispatch.size(), width);
        switch (experts.form) {
            case MlpForm.Gated gated -> ops.kernels().gated(hidden, gate, up, gated.activation());
            case MlpForm.Plain plain -> ops.kernels().activate(hidden, up, plain.activation());
            case MlpForm.Limited limited -> {
                cutGate = ops.allocate(dispatch.size(), width);
                cutUp = ops.allocate(dispatch.size(), width);
                cut(limited, workers);
                ops.kernels().gated(hidden, cutGate, cutUp, limited.activation());
            }
            case MlpForm.SoftCapped capped -> {
                cutUp = ops.allocate(dispatch.size(), width);
                forNumbers(workers, gate.size(), (from, to) -> {
                    for (long i = from; i < to; i++) {
                        cutUp.set(i, (float) (capped.ratio(gate.get(i)) * capped.cappedUp(up.get(i))));
                    }
                });
                ops.kernels().gated(hidden, gate, cutUp, Activation.SILU);
            }
        }
        output = ops.allocate(dispatch.size(), x.cols());
        WeightProducts.Batch downs = new WeightProducts.Batch();
        for (int i = 0; i < dispatch.numActive(); i++) {
            int start = dispatch.starts[i];
            downs.add(output, start, hidden, start, dispatch.starts[i + 1] - start, weight(experts.down, i));
        }
        ops.products().multiply(downs);
        addBiases(ops, output, experts.down);
        for (int place = dispatch.numMapped(); place < dispatch.size(); place++) {
            int from = input == x ? 0 : place;
            output.rows(place, place + 1).copyFrom(input.rows(from, from + 1));
        }
        combine(y, workers);
        return y;
    }

    /// Receives a matrix and the rows that it was applied to.
    @FunctionalInterface
    public interface InputListener {
        void multiplied(Weight matrix, Tensor rows);
    }

    /// Passes the inputs of all matrices of the last `forward` to a listener, while its tensors exist.
    public void forEachInput(InputListener listener) {
        for (int i = 0; i < dispatch.numActive(); i++) {
            int start = dispatch.starts[i];
            int count = dispatch.starts[i + 1] - start;
            Tensor in = input.rows(inputRow(i), inputRow(i) + count);
            if (gate != up) {
                listener.multiplied(weight(experts.gate, i), in);
            }
            listener.multiplied(weight(experts.up, i), in);
            listener.multiplied(weight(experts.down, i), hidden.rows(start, start + count));
        }
    }

    private Weight weight(ExpertLinear bank, int active) {
        return bank.weights().get(dispatch.experts[active]);
    }

    /// Gathers rows of x in dispatch order. A single token is not copied: all its experts read the same row.
    private Tensor input(Compute ops) {
        if (x.rows() == 1 && weighting == Weighting.OUTPUT) {
            return x;
        }
        Tensor rows = ops.allocate(dispatch.size(), x.cols());
        ops.kernels().gather(rows, x, dispatch.tokens, dispatch.size());
        if (weighting == Weighting.INPUT) {
            for (int choice = 0; choice < dispatch.size(); choice++) {
                int place = dispatch.places[choice];
                Tensor row = rows.rows(place, place + 1);
                ops.kernels().scale(row, row, weights.get(choice));
            }
        }
        return rows;
    }

    private int inputRow(int active) {
        return input == x ? 0 : dispatch.starts[active];
    }

    private void add(WeightProducts.Batch products, Tensor y, Tensor in, int active, ExpertLinear bank) {
        int start = dispatch.starts[active];
        products.add(y, start, in, inputRow(active), dispatch.starts[active + 1] - start, weight(bank, active));
    }

    private void addBiases(Compute ops, Tensor y, ExpertLinear bank) {
        for (int i = 0; i < dispatch.numActive() && !bank.biases().isEmpty(); i++) {
            Tensor rows = y.rows(dispatch.starts[i], dispatch.starts[i + 1]);
            ops.kernels().addRow(rows, rows, Compute.stored(bank.biases().get(dispatch.experts[i])));
        }
    }

    /// Computes gates and ups with which `f(gate) · up` equals the form with limits.
    private void cut(MlpForm.Limited form, Workers workers) {
        forNumbers(workers, gate.size(), (from, to) -> {
            for (long at = 4 * from; at < 4 * to; at += 4) {
                float g = Math.min(Memory.f32(gate.address() + at), form.limit());
                float u = Math.clamp(Memory.f32(up.address() + at), -form.limit(), form.limit());
                Memory.f32(cutGate.address() + at, form.slope() * g);
                Memory.f32(cutUp.address() + at, (u + form.shift()) / form.slope());
            }
        });
    }

    /// Computes `y[n] = Σ_j w[n,j] · output[place of n, j]`.
    private void combine(Tensor y, Workers workers) {
        int k = weights.cols();
        int cols = y.cols();
        forRows(workers, y, n -> {
            long to = y.address() + n * y.rowBytes();
            for (int j = 0; j < k; j++) {
                float w = weighting == Weighting.OUTPUT ? weights.get((long) n * k + j) : 1;
                long from = output.address() + dispatch.places[n * k + j] * output.rowBytes();
                if (j == 0) {
                    scale(to, from, w, cols);
                } else {
                    Vectors.addScaled(to, from, w, cols);
                }
            }
        });
    }

    static void scale(long to, long from, float factor, int count) {
        for (long at = 0; at < 4L * count; at += 4) {
            Memory.f32(to + at, factor * Memory.f32(from + at));
        }
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x, weights);
        for (ExpertLinear bank : new ExpertLinear[] {experts.gate, experts.up, experts.down}) {
            inputs.weights(bank.weights());
            inputs.weights(bank.biases());
        }
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        new ExpertMlpBackward(this, tape, y).run();
    }

    // ---- loops ---------------------------------------------------------------------------------------------------

    private interface Range {
        void run(long from, long to);
    }

    private interface OfRow {
        void run(int n);
    }

    private static void forNumbers(Workers workers, long count, Range range) {
        int chunks = count < 16_384 ? 1 : workers.chunksFor(count);
        workers.run((chunk, worker) -> range.run(count * chunk / chunks, count * (chunk + 1) / chunks), chunks);
    }

    private static void forRows(Workers workers, Tensor y, OfRow work) {
        int rows = y.rows();
        int chunks = y.size() < 16_384 ? Math.min(1, rows) : workers.chunksFor(rows);
        workers.run((chunk, worker) -> {
            for (int n = (int) ((long) chunk * rows / chunks); n < (chunk + 1L) * rows / chunks; n++) {
                work.run(n);
            }
        }, chunks);
    }

    /// Expert dispatch: the choices of all tokens, sorted by expert and then by token, so that each expert's tokens are
    /// contiguous. Choice `n · k + j` is the j-th expert of token n.
    static final class Dispatch {
        /// The token at each place of the sorted order.
        final int[] tokens;
        /// The place of each choice.
        final int[] places;
        /// The chosen experts, ascending.
        final int[] experts;
        /// The first place of each of `experts`, and the end of the last.
        final int[] starts;
        private final int numActive;

        /// @param numMapped the experts with maps, which come first
        Dispatch(int[] chosen, int numChosen, int numExperts, int numMapped) {
            int[] next = new int[numExperts];
            for (int expert : chosen) {
                next[expert]++;
            }
            int numReached = 0;
            int active = 0;
            for (int e = 0; e < numExperts; e++) {
                numReached += next[e] > 0 ? 1 : 0;
                active += next[e] > 0 && e < numMapped ? 1 : 0;
            }
            numActive = active;
            experts = new int[numReached];
            starts = new int[numReached + 1];
            int reached = 0;
            int place = 0;
            for (int e = 0; e < numExperts; e++) {
                int count = next[e];
                next[e] = place;
                if (count > 0) {
                    experts[reached] = e;
                    place += count;
                    starts[++reached] = place;
                }
            }
            tokens = new int[chosen.length];
            places = new int[chosen.length];
            for (int i = 0; i < chosen.length; i++) {
                int at = next[chosen[i]]++;
                tokens[at] = i / numChosen;
                places[i] = at;
            }
        }

        int size() {
            return tokens.length;
        }

        /// The number of chosen experts with maps.
        int numActive() {
            return numActive;
        }

        /// The number of places of experts with maps.
        int numMapped() {
            return starts[numActive];
        }
    }
}
