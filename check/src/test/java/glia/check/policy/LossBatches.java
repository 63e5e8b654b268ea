package glia.check.policy;

import glia.check.reference.CaseTensor;
import glia.check.reference.Variables;
import glia.kernels.KernelBackends;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.PolicyObjective;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.DType;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/// Random batches of rollouts, their losses and gradients.
final class LossBatches {
    private static final Kernels KERNELS = KernelBackends.choose("scalar", new Workers(1)).kernels();

    private LossBatches() { }

    /// A batch with its log-probabilities and entropies under the policy.
    record Rollouts(RolloutColumns batch, double[] logProbs, double[] entropies) { }

    static Rollouts random(long seed, boolean perSequence, int... lengths) {
        Random random = new Random(seed);
        int rows = Arrays.stream(lengths).sum();
        int[] sequences = new int[rows];
        int at = 0;
        for (int s = 0; s < lengths.length; s++) {
            Arrays.fill(sequences, at, at += lengths[s], s);
        }
        double[] advantages = random.doubles(perSequence ? lengths.length : rows, -2, 2).toArray();
        double[] now = random.doubles(rows, -2, -0.2).toArray();
        double[] old = near(random, now);
        RolloutColumns empty = RolloutColumns.of(sequences, lengths.length);
        RolloutColumns batch = perSequence ? empty.withSequenceAdvantages(advantages)
                : empty.withAdvantages(advantages);
        return new Rollouts(batch.with(Column.OLD, old).with(Column.REFERENCE, near(random, now))
                .with(Column.SAMPLER, near(random, old)), now, random.doubles(rows, 0.1, 3).toArray());
    }

    private static double[] near(Random random, double... numbers) {
        return Arrays.stream(numbers).map(x -> x + random.nextGaussian() * 0.3).toArray();
    }

    /// A loss with its gradient for each log-probability.
    record Computed(double loss, double[] gradient, double[] entropyGradient) { }

    static Computed compute(PolicyObjective objective, Rollouts rollouts, Totals totals) {
        try (Variables variables = new Variables(KERNELS)) {
            Value logProbs = variables.variable("logp", column(rollouts.logProbs));
            Value entropies = variables.variable("entropy", column(rollouts.entropies));
            double loss = variables.backward(objective.evaluate(logProbs, Optional.of(entropies), rollouts.batch,
                    totals).loss());
            return new Computed(loss, variables.gradient("logp"), objective.needsEntropy()
                    ? variables.gradient("entropy") : new double[rollouts.entropies.length]);
        }
    }

    static Computed compute(PolicyObjective objective, Rollouts rollouts) {
        return compute(objective, rollouts, Totals.of(rollouts.batch, objective.aggregation()));
    }

    /// The figures of a batch.
    static PolicyObjective.Result evaluate(Variables variables, PolicyObjective objective, Rollouts rollouts) {
        return objective.evaluate(variables.variable("logp", column(rollouts.logProbs)),
                Optional.of(variables.variable("entropy", column(rollouts.entropies))), rollouts.batch,
                Totals.of(rollouts.batch, objective.aggregation()));
    }

    static Variables variables() {
        return new Variables(KERNELS);
    }

    static CaseTensor column(double... numbers) {
        return new CaseTensor(DType.F32, new long[] {numbers.length}, numbers);
    }

    /// One sequence of a batch, with what was chosen among all tokens, as a batch of its own.
    static Rollouts single(Rollouts all, int sequence) {
        int[] rows = IntStream.range(0, all.batch.numRows()).filter(n -> all.batch.sequences()[n] == sequence)
                .toArray();
        return new Rollouts(all.batch.part(List.of(sequence)), pick(all.logProbs, rows), pick(all.entropies, rows));
    }

    private static double[] pick(double[] numbers, int... rows) {
        return Arrays.stream(rows).mapToDouble(n -> numbers[n]).toArray();
    }
}
