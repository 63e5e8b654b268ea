package glia.reason.run;

import glia.engine.training.Predictions;
import glia.reason.policy.AdaptiveEntropy;
import glia.reason.policy.KlController;
import glia.reason.policy.PolicyMethod;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.ValueLoss;
import glia.reason.policy.advantage.AdvantageEstimator;
import glia.reason.policy.correction.RolloutCorrection;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.ops.Weight;
import glia.train.recipe.FrozenModel;
import java.lang.foreign.Arena;
import java.util.Map;
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
        RolloutCorrection correction, Optional<KlController> adaptiveKl,
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

    /// A value head: a linear function of the last hidden state of a token predicts the return from there on. It is 0
    /// before the first update.
    ///
    /// `V = h · w + b`
    ///
    /// @param weight w, `[1, D]`
    /// @param bias b, `[1, 1]`
    public record ValueHead(Weight.Stored weight, Weight.Stored bias) {
        /// Creates a head of zeros.
        ///
        /// @param hiddenSize D
        public static ValueHead create(int hiddenSize) {
            return new ValueHead(zeros(hiddenSize), zeros(1));
        }

        private static Weight.Stored zeros(int cols) {
            Tensor tensor = Tensor.allocate(Arena.ofAuto(), DType.F32, 1, cols);
            tensor.zero();
            return new Weight.Stored(tensor);
        }

        /// The weights by name, for optimizer and checkpoints.
        public Map<String, Weight.Stored> weights() {
            return Map.of("value_head.weight", weight, "value_head.bias", bias);
        }

        /// The values of the rows of a batch, `[M, 1]`.
        public Value of(Predictions predictions) {
            Value product = new Value(predictions.ops(), predictions.ops().linear(predictions.hidden().tensor(),
                    weight));
            Value shift = new Value(predictions.ops(),
                    predictions.ops().linear(predictions.constant(1).tensor(), bias));
            return product.plus(shift);
        }
    }
}
