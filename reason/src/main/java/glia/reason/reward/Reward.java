package glia.reason.reward;

import java.time.Duration;
import java.util.OptionalDouble;

/// Scores a completion. A reward is a lambda or one of the named rewards that recipes know.
///
/// A reward that throws, returns a value that is not finite, or needs too long is counted and scored as empty by
/// whoever calls it; it never ends a run.
@FunctionalInterface
public interface Reward {
    /// @param sample what was asked, what was answered, and what the task knows
    /// @return the reward, or empty where it does not apply, such as a gold answer that cannot be parsed; an empty
    ///     reward does not count in weighted sums
    OptionalDouble score(Sample sample);

    /// The longest time that a score may take, for [ContainedReward].
    default Duration timeLimit() {
        return ContainedReward.DEFAULT_LIMIT;
    }

    /// Frees what the reward holds, such as a model.
    default void close() { }
}
