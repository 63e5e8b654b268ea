package glia.reason.run;

import glia.reason.reward.ContainedReward;
import glia.reason.reward.Reward;
import java.util.Objects;

/// A reward of a run with its weight in the sum.
///
/// @param name in figures
/// @param reward contained, so that a failure is counted and scored as empty
public record RewardColumn(String name, double weight, ContainedReward reward) {
    /// @throws IllegalArgumentException if the weight is not finite
    public RewardColumn {
        if (!Double.isFinite(weight)) {
            throw new IllegalArgumentException("the reward " + name + ": found the weight " + weight
                    + ", expected a finite number");
        }
    }

    /// Contains a reward.
    public static RewardColumn of(String name, double weight, Reward reward) {
        return new RewardColumn(name, weight, new ContainedReward(Objects.requireNonNull(reward,
                () -> "the reward " + name + " is null")));
    }
}
