package glia.reason.preference;

import glia.tensor.autograd.Value;
import glia.train.check.CaseTensor;
import glia.train.check.Comparison;
import glia.train.check.ReferenceCase;
import glia.train.check.Variables;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;

/// Log-probabilities of cases, padded matrices, as rows of completions.
final class CaseTokens {
    private CaseTokens() { }

    /// Log-probabilities with gradients.
    ///
    /// @param logProbs `[S, T-1]` of tokens 1 to T-1
    /// @param mask `[S, T]`, 1 for tokens of completions
    static CompletionLogProbs variable(Variables variables, String name, CaseTensor logProbs, CaseTensor mask,
            Optional<CaseTensor> logSumSquares) {
        return tokens(variables.variable(name, column(logProbs)), mask,
                logSumSquares.map(s -> variables.constant(column(s))));
    }

    /// Log-probabilities without gradients.
    static CompletionLogProbs constant(Variables variables, CaseTensor logProbs, CaseTensor mask) {
        return tokens(variables.constant(column(logProbs)), mask, Optional.empty());
    }

    private static CompletionLogProbs tokens(Value column, CaseTensor mask, Optional<Value> logSumSquares) {
        int width = mask.dim(1) - 1;
        int[] sequences = new int[mask.dim(0) * width];
        float[] completion = new float[sequences.length];
        for (int i = 0; i < sequences.length; i++) {
            sequences[i] = i / width;
            completion[i] = (float) mask.values()[i / width * mask.dim(1) + i % width + 1];
        }
        return new CompletionLogProbs(column, sequences, completion, mask.dim(0), logSumSquares);
    }

    /// Compares gradients at tokens of completions. The reference sums whole rows, so it has gradients elsewhere too,
    /// where the log-probabilities of a model would not depend on anything.
    static void gradients(ReferenceCase c, Comparison comparison, double[] gradient, CompletionLogProbs tokens,
            StoredGradients stored) {
        double[] expected = c.tensor("grad_logps").values();
        for (int i = 0; i < expected.length; i++) {
            expected[i] = tokens.completion()[i] == 0 ? 0 : expected[i];
        }
        stored.compare(c, comparison, "grad_logps", gradient, expected);
    }

    /// The values as one column.
    static CaseTensor column(CaseTensor t) {
        return new CaseTensor(t.dtype(), new long[] {t.values().length}, t.values());
    }

    /// The numbers of a column.
    static float[] sums(Value column) {
        float[] sums = new float[column.tensor().rows()];
        for (int i = 0; i < sums.length; i++) {
            sums[i] = column.tensor().get(i);
        }
        return sums;
    }

    static void compare(Comparison comparison, String name, Value value) {
        comparison.tensor(name, value.tensor(), Comparison.F32);
    }

    /// The values of a column, those of desirable completions first.
    static double[] desirableFirst(Value column, boolean[] isDesirable) {
        double[] values = Scored.values(column, 1);
        return DoubleStream.concat(DoubleStream.of(Scored.pick(values, isDesirable, true)),
                DoubleStream.of(Scored.pick(values, isDesirable, false))).toArray();
    }

    /// Whether numbers are not 0.
    static boolean[] flags(CaseTensor t) {
        boolean[] flags = new boolean[t.values().length];
        for (int i = 0; i < flags.length; i++) {
            flags[i] = t.values()[i] != 0;
        }
        return flags;
    }

    /// Compares the rewards that the case has: there are none of desirable completions in a batch without them.
    static void rewards(ReferenceCase c, Comparison comparison, Scored scored) {
        if (c.hasTensor("chosen_rewards")) {
            comparison.tensor("chosen_rewards", scored.chosenRewards(), Comparison.F32);
        }
        if (c.hasTensor("rejected_rewards")) {
            comparison.tensor("rejected_rewards", scored.rejectedRewards(), Comparison.F32);
        }
    }

    /// Compares the figures that the case has.
    ///
    /// @param names of those that the reference calls otherwise
    static void figures(ReferenceCase c, Comparison comparison, Map<String, Double> figures,
            Map<String, String> names) {
        figures.forEach((name, value) -> {
            String named = names.getOrDefault(name, name);
            if (c.hasScalar(named)) {
                comparison.scalar(named, value, Comparison.F32);
            }
        });
    }
}
