package glia.tensor.ops.expert;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Vectors;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.RankProducts;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// A mixture-of-experts layer (https://arxiv.org/abs/1701.06538): `y[n] = Σ_j w[n,j] · expert_{c[n,j]}(x[n])`, or with
/// weighted inputs `y[n] = Σ_j expert_{c[n,j]}(w[n,j] · x[n])`. An expert is an MLP, `down(form(gate(x), up(x)))`.
///
/// Tokens are sorted by expert (`Dispatch`), and each chosen expert computes its rows (`ExpertRows`), here or on
/// another rank (`ExpertExchange`); weights of other experts are not read. Experts of the router beyond those with maps
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

    /// Rows that are sorted by expert: those of `experts[i]` are `starts[i]` to `starts[i + 1]`, for the first `count`
    /// i. The experts are those that have rows, ascending.
    record Groups(int[] experts, int[] starts, int count) { }

    /// Applies experts to rows, with gradients.
    interface Maps {
        /// Computes the first rows of `output`, as many as the groups have, from those of `input`, or from its only row
        /// if all groups read it.
        void forward(Compute ops, Groups groups, Tensor input, Tensor output);

        /// Adds the gradients of weights, and computes those of the inputs.
        ///
        /// @param dinput zeros
        void backward(Tape tape, Tensor doutput, Tensor dinput, boolean needsInput);

        void inputs(Inputs inputs);

        void forEachInput(InputListener listener);

        /// Whether one row may be the input of all groups.
        boolean readsOneRow();
    }

    private final Tensor x;
    private final Tensor weights;
    private final Routing routing;
    private final Experts experts;
    private final Weighting weighting;
    private final Maps maps;
    private Dispatch dispatch;
    private Tensor input;
    private Tensor output;

    /// @param x `[N, D]`
    /// @param weights the result of `routing`, `[N, k]`
    public ExpertMlp(Tensor x, Tensor weights, Routing routing, Experts experts, Weighting weighting) {
        this(x, weights, routing, experts, weighting, new ExpertRows(experts));
    }

    private ExpertMlp(Tensor x, Tensor weights, Routing routing, Experts experts, Weighting weighting, Maps maps) {
        Compute.require(weights.rows() == x.rows() && routing.numTokens() == x.rows()
                && weights.cols() == routing.numChosen(), "experts", x, weights);
        Compute.require(routing.numExperts() >= experts.up.weights().size() && experts.up.inputs() == x.cols()
                && experts.down.outputs() == x.cols(), "experts", x, routing.numExperts());
        this.x = x;
        this.weights = weights;
        this.routing = routing;
        this.experts = experts;
        this.weighting = weighting;
        this.maps = maps;
    }

    @Override
    public Operation among(RankProducts ranks) {
        return ranks.experts().<Operation>map(r -> new ExpertMlp(x, weights, routing, experts, weighting,
                r.bySource().isEmpty() ? new GatheredExperts(r.ranks(), experts) : new ExpertExchange(r, experts)))
                .orElse(this);
    }

    @Override
    public Tensor forward(Compute ops) {
        Workers workers = ops.kernels().workers();
        dispatch = new Dispatch(routing.chosen(), routing.numChosen(), routing.numExperts(),
                experts.up.weights().size());
        Tensor y = ops.allocate(x.rows(), x.cols());
        input = input(ops);
        output = ops.allocate(dispatch.size(), x.cols());
        maps.forward(ops, dispatch.mapped(), input, output);
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
        maps.forEachInput(listener);
    }

    /// Gathers rows of x in dispatch order. A single token is not copied: all its experts read the same row.
    private Tensor input(Compute ops) {
        if (x.rows() == 1 && weighting == Weighting.OUTPUT && maps.readsOneRow()) {
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

    private static void scale(long to, long from, float factor, int count) {
        for (long at = 0; at < 4L * count; at += 4) {
            Memory.f32(to + at, factor * Memory.f32(from + at));
        }
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x, weights);
        maps.inputs(inputs);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        Tensor dweights = tape.gradient(weights);
        boolean needsInput = tape.needs(x) || weighting == Weighting.INPUT && tape.needs(weights);
        Tensor doutput = doutput(tape, dy, dweights);
        Tensor dinput = tape.scratch(dispatch.size(), x.cols());
        dinput.zero();
        maps.backward(tape, doutput, dinput, needsInput);
        if (needsInput) {
            for (int place = dispatch.numMapped(); place < dispatch.size(); place++) {
                dinput.rows(place, place + 1).copyFrom(doutput.rows(place, place + 1));
            }
            scatter(tape, dinput, dweights);
        }
    }

    /// Returns the gradients of the experts' outputs in dispatch order; adds those of the routing weights.
    private Tensor doutput(Tape tape, Tensor dy, Tensor dweights) {
        Tensor doutput = tape.scratch(dispatch.size(), x.cols());
        Ranges.run(tape.kernels().workers(), dispatch.size(), 2L * x.cols(), (first, end) -> {
            for (int choice = first; choice < end; choice++) {
                int place = dispatch.places[choice];
                long from = dy.address() + dispatch.tokens[place] * dy.rowBytes();
                long to = doutput.address() + place * doutput.rowBytes();
                scale(to, from, weighting == Weighting.OUTPUT ? weights.get(choice) : 1, x.cols());
                if (weighting == Weighting.OUTPUT) {
                    double d = Vectors.dot(from, output.address() + place * output.rowBytes(), x.cols());
                    dweights.set(choice, dweights.get(choice) + (float) d);
                }
            }
        });
        return doutput;
    }

    /// Adds the gradients of the experts' inputs to that of x.
    private void scatter(Tape tape, Tensor dinput, Tensor dweights) {
        Tensor dx = tape.gradient(x);
        int k = weights.cols();
        Ranges.run(tape.kernels().workers(), dx.rows(), 2L * k * dx.cols(), (first, end) -> {
            for (int choice = first * k; choice < end * k; choice++) {
                int place = dispatch.places[choice];
                int token = dispatch.tokens[place];
                long from = dinput.address() + place * dinput.rowBytes();
                float w = weighting == Weighting.INPUT ? weights.get(choice) : 1;
                Vectors.addScaled(dx.address() + token * dx.rowBytes(), from, w, x.cols());
                if (weighting == Weighting.INPUT) {
                    double d = Vectors.dot(from, x.address() + token * x.rowBytes(), x.cols());
                    dweights.set(choice, dweights.get(choice) + (float) d);
                }
            }
        });
    }

    // ---- loops ---------------------------------------------------------------------------------------------------

    private interface OfRow {
        void run(int n);
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

        /// The places of experts with maps.
        Groups mapped() {
            return new Groups(experts, starts, numActive);
        }

        /// The number of places of experts with maps.
        int numMapped() {
            return starts[numActive];
        }
    }
}
