package glia.reason.reward;

import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;

/// Scores a completion. A reward is a lambda or one of the named rewards that recipes know.
///
/// A reward that throws, returns a value that is not finite, or needs too long is counted and scored as empty by
/// whoever calls it. It ends a run only if that happens to more than a tenth of the first batch.
@FunctionalInterface
public interface Reward {
    /// @param sample what was asked, what was answered, and what the task knows
    /// @return the reward, or empty where it does not apply, such as a gold answer that cannot be parsed; an empty
    ///     reward does not count in weighted sums
    OptionalDouble score(Sample sample);

    /// Scores several completions, in their order. Commands and servers score many at once.
    default List<OptionalDouble> scores(List<Sample> samples) {
        return samples.stream().map(this::score).toList();
    }

    /// How many completions are scored at once.
    ///
    /// @param size completions of a call of `scores`
    /// @param parallel calls at a time
    record Batching(int size, int parallel) { }

    /// How [ContainedReward] calls `scores`: one completion after the other, unless a reward gains by more.
    default Batching batching() {
        return new Batching(1, 1);
    }

    /// The longest time that a score, or a batch of them, may take, for [ContainedReward].
    default Duration timeLimit() {
        return ContainedReward.DEFAULT_LIMIT;
    }

    /// Frees what the reward holds, such as a model.
    default void close() { }
}
