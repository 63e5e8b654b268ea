package glia.reason.run;

import glia.reason.policy.loss.ImportanceWeights;
import glia.reason.policy.loss.PolicyBatch;
import glia.reason.rollout.Rollout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A batch of rollouts with all that its updates need. Arrays are by rollout, then by sampled token.
///
/// @param index number of the batch
/// @param scored the rollouts, group after group
/// @param advantages of the sampled tokens
/// @param sequenceAdvantages of the rollouts
/// @param old log-probabilities under the policy that sampled; empty arrays where the policy does not change before the
///     update
/// @param sampler log-probabilities that the sampler computed; empty without a correction for their difference
/// @param weights importance weights for their difference; empty without a correction
/// @param klCoefficient coefficient of the KL penalty
/// @param reference log-probabilities under the reference model; empty without one
/// @param values of the value head; empty without one
/// @param returns that the value head learns; empty without one
/// @param isMasked rollouts without a loss
/// @param figures of the batch, for reports
/// @param tokens number of generated tokens
record RolloutBatch(long index, List<ScoredRollout> scored, double[][] advantages, double[] sequenceAdvantages,
        double[][] old, double[][] sampler, double[][] weights, double klCoefficient, double[][] reference,
        double[][] values, double[][] returns, boolean[] isMasked, Map<String, Double> figures, long tokens) {
    List<Rollout> rollouts() {
        return scored.stream().map(ScoredRollout::rollout).toList();
    }

    /// Number of tokens with a loss.
    int numRows(int rollout) {
        return isMasked[rollout] ? 0 : advantages[rollout].length;
    }

    /// The rollouts of a mini-batch: those of each group whose number leaves this remainder.
    List<Integer> minibatch(int number, int count) {
        List<Integer> which = new ArrayList<>();
        for (int i = 0; i < scored.size(); i++) {
            if (scored.get(i).group() % count == number) {
                which.add(i);
            }
        }
        return which;
    }

    /// The constants of the policy loss on a micro-batch.
    PolicyBatch constants(List<Integer> which, long seed) {
        int[] sequences = new int[which.stream().mapToInt(i -> advantages[i].length).sum()];
        double[] ofSequences = new double[which.size()];
        int row = 0;
        for (int s = 0; s < which.size(); s++) {
            ofSequences[s] = sequenceAdvantages[which.get(s)];
            for (int t = 0; t < advantages[which.get(s)].length; t++) {
                sequences[row++] = s;
            }
        }
        double[] none = {};
        double[] ofOld = old.length == 0 ? none : rows(old, which);
        double[] ofSampler = sampler.length == 0 ? none : rows(sampler, which);
        ImportanceWeights correction = weights.length == 0 ? ImportanceWeights.NONE
                : new ImportanceWeights(rows(weights, which), false);
        return new PolicyBatch(sequences, which.size(), rows(advantages, which), ofSequences, ofOld,
                reference.length == 0 ? none : rows(reference, which), ofSampler, correction, seed,
                Optional.empty());
    }

    /// The numbers of some rollouts, end to end.
    static double[] rows(double[][] all, List<Integer> which) {
        return which.stream().flatMapToDouble(i -> Arrays.stream(all[i])).toArray();
    }
}
