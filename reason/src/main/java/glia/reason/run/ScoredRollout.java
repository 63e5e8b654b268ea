package glia.reason.run;

import glia.reason.rollout.Rollout;
import glia.reason.run.ProblemSource.PromptProblem;

/// A rollout with its rewards.
///
/// @param group number of its prompt in the batch
/// @param text of the completion without the end token
/// @param scores the reward of each column, NaN where it does not apply
/// @param reward the weighted sum of those that apply; NaN if none applies: the rollout is not
///     trained on
/// @param isRight whether the first column is at least the reward of a right answer
public record ScoredRollout(int group, PromptProblem problem, Rollout rollout, String text, double[] scores,
        double reward, boolean isRight) { }
