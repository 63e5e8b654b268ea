package glia.tensor.ops.expert;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import glia.tensor.ops.WeightProducts;
import glia.tensor.ops.expert.ExpertMlp.Dispatch;
import java.util.List;

/// The linear maps of the experts that a router chose: `y[n, j] = W_{c[n,j]} x[n]`, or `W_{c[n,j]} x[n, j]` if each
/// choice has an input of its own. One grouped GEMM; weights of other experts are not read.
public final class ChosenLinear implements Operation.ReadsInputs {
    private final Tensor x;
    private final Routing routing;
    private final List<Weight> weights;
    private final boolean isShared;
    private Dispatch dispatch;
    /// The choice at each place of the dispatch order.
    private int[] choices;
    private Tensor input;

    /// @param x `[N, K]`, which all choices of a token share, or `[N, k·K]`
    /// @param weights one `[R, K]` for each expert; the result is `[N, k·R]`
    public ChosenLinear(Tensor x, Routing routing, List<Weight> weights) {
        int inputs = weights.getFirst().cols();
        this.x = x;
        this.routing = routing;
        this.weights = List.copyOf(weights);
        isShared = x.cols() == inputs;
        Compute.require(routing.numTokens() == x.rows() && routing.numExperts() == weights.size()
                && (isShared || x.cols() == routing.numChosen() * inputs), "maps of chosen experts", x,
                weights.getFirst());
    }

    @Override
    public Tensor forward(Compute ops) {
        int k = routing.numChosen();
        dispatch = new Dispatch(routing.chosen(), k, routing.numExperts(), weights.size());
        choices = new int[dispatch.size()];
        for (int choice = 0; choice < choices.length; choice++) {
            choices[dispatch.places[choice]] = choice;
        }
        int outputs = weights.getFirst().rows();
        Tensor y = ops.allocate(x.rows(), k * outputs);
        input = ops.allocate(dispatch.size(), weights.getFirst().cols());
        Tensor output = ops.allocate(dispatch.size(), outputs);
        ops.kernels().gather(input, rows(x, isShared ? 1 : k), isShared ? dispatch.tokens : choices, choices.length);
        WeightProducts.Batch products = new WeightProducts.Batch();
        for (int i = 0; i < dispatch.numActive(); i++) {
            int start = dispatch.starts[i];
            products.add(output, start, input, start, dispatch.starts[i + 1] - start, weight(i));
        }
        ops.products().multiply(products);
        ops.kernels().gather(rows(y, k), output, dispatch.places, choices.length);
        return y;
    }

    /// The rows of `count` groups of columns.
    private static Tensor rows(Tensor t, int count) {
        return t.reshape((long) t.rows() * count, t.cols() / count);
    }

    private Weight weight(int active) {
        return weights.get(dispatch.experts[active]);
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(weights);
    }

    /// Experts that no token reached get a gradient of zero, too.
    @Override
    public void backward(Tape tape, Tensor y) {
        weights.stream().filter(tape::needs).forEach(tape::gradient);
        int k = routing.numChosen();
        Tensor dy = tape.scratch(dispatch.size(), weights.getFirst().rows());
        tape.kernels().gather(dy, rows(tape.gradient(y), k), choices, choices.length);
        Tensor dinput = tape.scratch(dispatch.size(), weights.getFirst().cols());
        dinput.zero();
        for (int i = 0; i < dispatch.numActive(); i++) {
            int start = dispatch.starts[i];
            int end = dispatch.starts[i + 1];
            if (tape.needs(weight(i))) {
                tape.products().addWeightGradient(tape, weight(i), dy.rows(start, end), input.rows(start, end));
            }
            if (tape.needs(x)) {
                tape.products().addInputGradient(dinput.rows(start, end), dy.rows(start, end), weight(i));
            }
        }
        if (tape.needs(x)) {
            scatter(tape, dinput, k);
        }
    }

    private void scatter(Tape tape, Tensor dinput, int k) {
        Tensor dx = tape.gradient(x);
        int cols = dinput.cols();
        Ranges.run(tape.kernels().workers(), x.rows(), (long) k * cols, (from, to) -> {
            for (int choice = from * k; choice < to * k; choice++) {
                long at = (long) dispatch.places[choice] * cols;
                long into = (long) (isShared ? choice / k : choice) * cols;
                for (int i = 0; i < cols; i++) {
                    dx.set(into + i, dx.get(into + i) + dinput.get(at + i));
                }
            }
        });
    }

    /// The weighted sum of a token's choices: `y[n] = Σ_j w[n,j] · x[n,j]`.
    ///
    /// @param x `[N, k·D]`
    /// @param w `[N, k]`
    public record ChoiceSum(Tensor x, Tensor w) implements Operation.ReadsInputs {
        public ChoiceSum {
            Compute.require(x.rows() == w.rows() && w.cols() > 0 && x.cols() % w.cols() == 0, "sum of choices", x, w);
        }

        @Override
        public Tensor forward(Compute ops) {
            int cols = x.cols() / w.cols();
            Tensor y = ops.allocate(x.rows(), cols);
            y.zero();
            Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
                for (long choice = (long) from * w.cols(); choice < (long) to * w.cols(); choice++) {
                    long into = choice / w.cols() * cols;
                    float factor = w.get(choice);
                    for (int i = 0; i < cols; i++) {
                        y.set(into + i, y.get(into + i) + factor * x.get(choice * cols + i));
                    }
                }
            });
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x, w);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            int cols = y.cols();
            Tensor dx = tape.gradient(x);
            Tensor dw = tape.gradient(w);
            Tensor dy = tape.gradient(y);
            Ranges.run(tape.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
                for (long choice = (long) from * w.cols(); choice < (long) to * w.cols(); choice++) {
                    long at = choice / w.cols() * cols;
                    float factor = w.get(choice);
                    double dot = 0;
                    for (int i = 0; i < cols; i++) {
                        dot += (double) dy.get(at + i) * x.get(choice * cols + i);
                        dx.set(choice * cols + i, dx.get(choice * cols + i) + factor * dy.get(at + i));
                    }
                    dw.set(choice, dw.get(choice) + (float) dot);
                }
            });
        }
    }
}
