package glia.reason.run;

import glia.reason.rollout.TurnSource;
import java.util.List;

/// Starts the environments of rollouts of several turns.
@FunctionalInterface
public interface TurnFactory {
    /// Completions of one turn.
    TurnFactory NONE = (problems, group) -> TurnSource.NONE;

    /// Starts the environments of a batch. Rewards by the environment itself do not count here: see
    /// [RolloutTraining#environment]. The tokens of their answers follow those of the model's turn, have no loss,
    /// and are part of the completion's text that rewards score.
    ///
    /// @param problems of the batch
    /// @param group completions of each: rollout i belongs to problem `i / group`
    TurnSource begin(List<ProblemSource.PromptProblem> problems, int group);
}
