package glia.reason.run;

import glia.engine.pass.Engine;
import glia.engine.training.Reduction;
import glia.reason.rollout.Rollout;
import glia.reason.rollout.RolloutGenerator;
import glia.reason.rollout.RolloutOptions;
import glia.reason.rollout.TurnSource;
import glia.reason.task.TaskMix;
import glia.tensor.Hash;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The accuracy on held-out problems of different prompts, with the same problems and random seed each time.
///
/// @param options of generation; temperature 0 is greedy
/// @param count most problems; there may be fewer that differ
record HeldOutEvaluation(Engine engine, RolloutOptions options, ProblemSource problems, TurnFactory turns,
        RolloutScoring scoring, int count, long seed) {
    private static final long PLACE = 0x68656c64;
    /// Problems in a row that came before, after which there are taken to be no others.
    private static final int MISSES = 2000;

    /// What an evaluation found.
    ///
    /// @param accuracy share of right answers with its interval of 95 %
    /// @param figures accuracy, its interval, the accuracy on each of several tasks, mean reward and mean length
    record Result(WilsonInterval accuracy, Map<String, Double> figures) { }

    /// @param ranks that share the generation
    Result run(Reduction ranks) {
        List<ProblemSource.PromptProblem> all = new ArrayList<>();
        Set<Object> questions = new HashSet<>();
        for (long i = 0, misses = 0; all.size() < count && i < problems.numHeldOut() && misses < MISSES; i++) {
            ProblemSource.PromptProblem problem = problems.heldOut(i);
            boolean isNew = questions.add(problem.question());
            misses = isNew ? 0 : misses + 1;
            if (isNew) {
                all.add(problem);
            }
        }
        long place = Hash.of(seed, PLACE);
        TurnSource episodes = turns.begin(all, 1);
        List<Rollout> rollouts = SharedRollouts.generate(new RolloutGenerator(engine, options),
                all.stream().map(ProblemSource.PromptProblem::input).toList(), 1, place, episodes, ranks);
        List<ScoredRollout> scored = SharedRollouts.scored(scoring.score(all, rollouts, episodes, 1, place, false),
                ranks);
        long right = scored.stream().filter(ScoredRollout::isRight).count();
        WilsonInterval accuracy = WilsonInterval.of(right, all.size());
        Map<String, Double> figures = new TreeMap<>();
        figures.put("accuracy/held_out", accuracy.share());
        figures.put("accuracy/held_out_low", accuracy.low());
        figures.put("accuracy/held_out_high", accuracy.high());
        figures.putAll(byTask(scored));
        figures.put("reward/held_out", scored.stream().mapToDouble(ScoredRollout::reward)
                .filter(r -> !Double.isNaN(r)).average().orElse(0));
        figures.put("response_length/held_out", rollouts.stream().mapToInt(Rollout::numSampled).average().orElse(0));
        return new Result(accuracy, figures);
    }

    /// The accuracy on each task, where there are several.
    private static Map<String, Double> byTask(List<ScoredRollout> scored) {
        return scored.stream().filter(s -> s.problem().fields().containsKey(TaskMix.TASK))
                .collect(Collectors.groupingBy(s -> "accuracy/held_out/" + s.problem().fields().get(TaskMix.TASK),
                        Collectors.averagingDouble(s -> s.isRight() ? 1 : 0)));
    }
}
