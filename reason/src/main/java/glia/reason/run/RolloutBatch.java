package glia.reason.run;

import glia.reason.rollout.Rollout;
import glia.reason.rollout.RolloutColumns;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A batch of rollouts with all that its updates need.
///
/// @param index number of the batch
/// @param scored the rollouts, group after group
/// @param columns of their sampled tokens; a sequence for each rollout
/// @param klCoefficient coefficient of the KL penalty
/// @param isMasked rollouts without a loss
/// @param figures of the batch, for reports
/// @param tokens number of generated tokens
record RolloutBatch(long index, List<ScoredRollout> scored, RolloutColumns columns, double klCoefficient,
        boolean[] isMasked, Map<String, Double> figures, long tokens) {
    List<Rollout> rollouts() {
        return scored.stream().map(ScoredRollout::rollout).toList();
    }

    /// Number of tokens with a loss.
    int numRows(int rollout) {
        return isMasked[rollout] ? 0 : scored.get(rollout).rollout().numSampled();
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
}
