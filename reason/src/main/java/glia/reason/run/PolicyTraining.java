package glia.reason.run;

import glia.reason.policy.AdaptiveEntropy;
import glia.reason.policy.KlController;
import glia.reason.policy.PolicyMethod;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.ValueLoss;
import glia.reason.policy.advantage.AdvantageEstimator;
import glia.reason.policy.correction.RolloutCorrection;
import glia.train.recipe.FrozenModel;
import java.util.Optional;

/// What a policy learns from scored rollouts, and with which models.
///
/// @param estimator of advantages; none for rejection sampling: the best completion of each group is learned, if it is
///     right, with an advantage of 1
/// @param objective policy loss, aggregation, KL penalty and entropy bonus
/// @param reference the reference model of the KL penalty
/// @param value the value head, for estimators that need values
/// @param correction for the difference between the sampler's log-probabilities and those of the training pass
/// @param adaptiveKl makes the coefficient of the KL penalty follow a target
/// @param adaptiveEntropy makes the coefficient of the entropy bonus follow a target
public record PolicyTraining(Optional<AdvantageEstimator> estimator, PolicyObjective objective,
        Optional<FrozenModel> reference, Optional<Critic> value,
        RolloutCorrection correction, Optional<KlController.Adaptive> adaptiveKl,
        Optional<AdaptiveEntropy> adaptiveEntropy) {
    /// A method without reference model and value head.
    public static PolicyTraining of(PolicyMethod method) {
        return new PolicyTraining(Optional.of(method.advantages()), method.objective(), Optional.empty(),
                Optional.empty(), RolloutCorrection.NONE, Optional.empty(), Optional.empty());
    }

    /// A value head with its loss.
    ///
    /// @param coefficient of the value loss
    public record Critic(ValueHead head, ValueLoss loss, double coefficient) { }
}
