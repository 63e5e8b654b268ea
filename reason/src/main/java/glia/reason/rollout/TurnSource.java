package glia.reason.rollout;

import java.util.Optional;
import java.util.OptionalDouble;

/// Continues rollouts of several turns. It is called by several threads, for each rollout by one at a time.
@FunctionalInterface
public interface TurnSource {
    /// Ends each rollout after its first turn.
    TurnSource NONE = (index, tokens) -> Optional.empty();

    /// Answers a turn that the model has ended by an end token.
    ///
    /// @param index of the rollout in the result
    /// @param tokens of its completion so far, with earlier observations
    /// @return the tokens of the observation, after which the model goes on; empty to end the rollout
    Optional<int[]> next(int index, int[] tokens);

    /// The reward of a rollout by the environment itself; empty if it gives none, or its episode has not come to an
    /// end.
    default OptionalDouble reward(int index) {
        return OptionalDouble.empty();
    }
}
