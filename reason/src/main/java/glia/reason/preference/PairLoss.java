package glia.reason.preference;

import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// A loss of pairs of a chosen and a rejected completion, by their log-probabilities under the policy and the reference
/// model.
public sealed interface PairLoss {
    /// The loss of each pair, `[N, 1]`.
    Value of(PairRatios pairs);

    /// Whether other divergences than the reverse KL apply.
    boolean takesDivergences();

    /// What a term of a loss depends on. With the log-ratios a, b of chosen and rejected completions, and `f'` of the
    /// divergence (`f'(a) = a` for the reverse KL):
    enum Argument {
        /// `β · a`.
        CHOSEN_REWARD,
        /// `β · b`.
        REJECTED_REWARD,
        /// `β · (f'(a) - f'(b))`.
        MARGIN,
        /// `β · (f'(a) / n_a - f'(b) / n_b)`, n tokens of the completion.
        MEAN_MARGIN
    }

    /// A scalar loss of a reward or margin.
    record Term(Argument argument, ScalarLoss loss) { }

    /// A sum of scalar losses.
    record Pointwise(List<Term> terms) implements PairLoss {
        public Pointwise {
            terms = List.copyOf(terms);
        }

        static Pointwise of(Argument argument, ScalarLoss loss) {
            return new Pointwise(List.of(new Term(argument, loss)));
        }

        static Pointwise of(ScalarLoss chosen, ScalarLoss rejected) {
            return new Pointwise(List.of(new Term(Argument.CHOSEN_REWARD, chosen),
                    new Term(Argument.REJECTED_REWARD, rejected)));
        }

        @Override
        public Value of(PairRatios pairs) {
            return terms.stream().map(t -> t.loss.of(pairs.value(t.argument))).reduce(Value::plus).orElseThrow();
        }

        @Override
        public boolean takesDivergences() {
            return terms.stream().allMatch(t -> t.argument == Argument.MARGIN || t.argument == Argument.MEAN_MARGIN);
        }
    }

    /// Compares distributions over the batch and not pairs: the quantiles of one are to lie above those of the other
    /// (AOT, https://arxiv.org/abs/2406.05882).
    ///
    /// @param loss of `β · δ`, δ the differences of sorted values
    /// @param isPaired whether the log-ratios between chosen and rejected are sorted, for policy and reference model
    ///     each, or else the log-ratios between policy and reference model, for chosen and rejected each
    record Sorted(ScalarLoss loss, boolean isPaired) implements PairLoss {
        @Override
        public Value of(PairRatios pairs) {
            Value high = isPaired ? pairs.chosen().minus(pairs.rejected()) : pairs.chosenRatios();
            Value low = isPaired ? pairs.referenceChosen().minus(pairs.referenceRejected()) : pairs.rejectedRatios();
            return loss.of(sorted(high).minus(sorted(low)).times(pairs.beta()));
        }

        private static Value sorted(Value column) {
            Tensor t = column.tensor();
            return column.rows(IntStream.range(0, t.rows()).boxed()
                    .sorted(Comparator.comparingDouble(row -> t.get(row))).mapToInt(i -> i).toArray());
        }

        @Override
        public boolean takesDivergences() {
            return false;
        }
    }

    /// The mean cross-entropy of all tokens of the chosen completions, the same for each pair.
    record Likelihood() implements PairLoss {
        @Override
        public Value of(PairRatios pairs) {
            return pairs.chosen().times(0).plus(pairs.crossEntropy());
        }

        @Override
        public boolean takesDivergences() {
            return true;
        }
    }

    /// The names of all losses.
    List<String> NAMES = List.of("sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard",
            "aot", "aot_unpaired", "apo_zero", "apo_down", "discopop", "sft", "sigmoid_norm");

    /// A loss by its name in recipes, which is that of TRL.
    ///
    /// @param smoothing the share of wrong labels, for `exo_pair`, `robust`, `aot` and `aot_unpaired`
    /// @param temperature τ of `discopop`
    /// @throws IllegalArgumentException if there is none of this name, or it does not take this smoothing
    static PairLoss named(String name, double beta, double smoothing, double temperature) {
        return switch (name) {
            case "sigmoid" -> Pointwise.of(Argument.MARGIN, ScalarLoss.Logistic.PLAIN);
            case "sigmoid_norm" -> Pointwise.of(Argument.MEAN_MARGIN, ScalarLoss.Logistic.PLAIN);
            case "hinge" -> Pointwise.of(Argument.MARGIN, new ScalarLoss.Hinge());
            case "ipo" -> Pointwise.of(Argument.MEAN_MARGIN, new ScalarLoss.Squared(0.5, 1 / (beta * beta)));
            case "exo_pair" -> Pointwise.of(Argument.MARGIN, new ScalarLoss.Exact(smoothing));
            case "robust" -> Pointwise.of(Argument.MARGIN, ScalarLoss.Logistic.robust(smoothing));
            case "discopop" -> Pointwise.of(Argument.MARGIN, new ScalarLoss.Mixed(temperature));
            case "nca_pair" -> Pointwise.of(new ScalarLoss.Logistic(1, 0.5), new ScalarLoss.Logistic(0, 0.5));
            case "bco_pair" -> Pointwise.of(ScalarLoss.Logistic.PLAIN, new ScalarLoss.Logistic(0, 1));
            case "sppo_hard" -> Pointwise.of(new ScalarLoss.Squared(0.5, 1 / (beta * beta)),
                    new ScalarLoss.Squared(-0.5, 1 / (beta * beta)));
            case "apo_zero" -> Pointwise.of(new ScalarLoss.Sigmoid(-1), new ScalarLoss.Sigmoid(1));
            case "apo_down" -> new Pointwise(List.of(new Term(Argument.CHOSEN_REWARD, new ScalarLoss.Sigmoid(1)),
                    new Term(Argument.MARGIN, new ScalarLoss.Sigmoid(-1))));
            case "aot" -> new Sorted(ScalarLoss.Logistic.smoothed(smoothing), true);
            case "aot_unpaired" -> new Sorted(ScalarLoss.Logistic.smoothed(smoothing), false);
            case "sft" -> new Likelihood();
            default -> throw new IllegalArgumentException("a loss '" + name + "', expected one of "
                    + String.join(", ", NAMES));
        };
    }
}
