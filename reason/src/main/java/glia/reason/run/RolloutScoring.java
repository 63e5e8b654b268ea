package glia.reason.run;

import glia.reason.reward.Sample;
import glia.reason.rollout.Rollout;
import glia.reason.rollout.TurnSource;
import glia.reason.run.ProblemSource.PromptProblem;
import glia.tensor.Hash;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/// Scores rollouts with the rewards of a run.
///
/// @param columns the first is the one that counts for accuracy
/// @param rightFrom the reward of a right answer
/// @param overlongBuffer tokens c before the limit L over which a penalty falls from 0 to -1 (DAPO,
///     https://arxiv.org/abs/2503.14476, section 3.4): `min(0, (L - c - length) / c)`; 0 for none
/// @param maxTokens L
/// @param tools of rollouts of several turns, of which rewards see the last turn
/// @param environment whose episodes give the scores of its column
/// @param watch ends a run whose rewards fail
record RolloutScoring(List<RewardColumn> columns, double rightFrom, int overlongBuffer, int maxTokens,
        Tokenizer tokenizer, Optional<ToolTurns> tools, Optional<EnvironmentTurns> environment, RewardWatch watch) {
    /// The text of a completion without its end token. Markers such as `<think>` are kept.
    static String text(Tokenizer tokenizer, int[] completion) {
        int length = completion.length;
        if (length > 0 && tokenizer.endOfGeneration().contains(completion[length - 1])) {
            length--;
        }
        return tokenizer.decode(Arrays.copyOf(completion, length), false);
    }

    /// Scores groups.
    ///
    /// @param seed the random seed of these rollouts
    /// @param rollouts of the problems, group after group
    /// @param episodes of the rollouts
    /// @param isTraining whether the rollouts train; false for held-out problems
    List<ScoredRollout> score(List<PromptProblem> problems, List<Rollout> rollouts, TurnSource episodes, int group,
            long seed, boolean isTraining) {
        List<String> texts = new ArrayList<>();
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < rollouts.size(); i++) {
            Rollout rollout = rollouts.get(i);
            texts.add(text(tokenizer, rollout.tokens()));
            samples.add(problems.get(i / group).sample(rollout, tools.isPresent() ? tools.get().answer(rollout)
                    : texts.get(i), Hash.of(seed, i)));
        }
        List<List<OptionalDouble>> scores = new ArrayList<>();
        for (int c = 0; c < columns.size(); c++) {
            scores.add(isOfEpisode(c) ? IntStream.range(0, rollouts.size()).mapToObj(episodes::reward).toList()
                    : columns.get(c).reward().scores(samples));
        }
        List<ScoredRollout> scored = new ArrayList<>();
        for (int i = 0; i < rollouts.size(); i++) {
            int index = i;
            scored.add(score(i / group, problems.get(i / group), rollouts.get(i), texts.get(i),
                    scores.stream().map(column -> column.get(index)).toList()));
        }
        watch.check(scored, isTraining);
        return scored;
    }

    private ScoredRollout score(int group, PromptProblem problem, Rollout rollout, String text,
            List<OptionalDouble> found) {
        double[] scores = new double[weights().length];
        double sum = 0;
        boolean any = false;
        for (int c = 0; c < columns.size(); c++) {
            OptionalDouble score = found.get(c);
            scores[c] = score.orElse(Double.NaN);
            any |= score.isPresent();
            sum += score.isPresent() ? columns.get(c).weight() * scores[c] : 0;
        }
        if (overlongBuffer > 0) {
            scores[columns.size()] = any ? overlong(rollout.numSampled()) : Double.NaN;
            sum += overlong(rollout.numSampled());
        }
        return new ScoredRollout(group, problem, rollout, text, scores, any ? sum : Double.NaN,
                scores[0] >= rightFrom);
    }

    private boolean isOfEpisode(int column) {
        return environment.isPresent() && environment.get().column() == columns.get(column);
    }

    private double overlong(int length) {
        return Math.max(-1, Math.min(0, (maxTokens - overlongBuffer - length) / (double) overlongBuffer));
    }

    /// The weights of the columns, with that of the penalty for length after the others.
    double[] weights() {
        double[] weights = new double[columns.size() + (overlongBuffer > 0 ? 1 : 0)];
        for (int c = 0; c < weights.length; c++) {
            weights[c] = c < columns.size() ? columns.get(c).weight() : 1;
        }
        return weights;
    }

    /// The names of the columns.
    String name(int column) {
        return column < columns.size() ? columns.get(column).name() : "overlong";
    }

    /// Calls of rewards and environments that threw, hung or returned something that is no number.
    long failures() {
        return columns.stream().mapToLong(c -> c.reward().failures()).sum();
    }
}
