package glia.reason.run;

import glia.engine.Engine;
import glia.reason.rollout.Rollout;
import glia.reason.rollout.RolloutGenerator;
import glia.reason.rollout.RolloutOptions;
import glia.tensor.Hash;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/// Makes the scored rollouts of a batch: problems, completions, rewards, further rounds for groups whose rewards are
/// equal, and greedy baselines. A pure function of the random seed, the batch's number and the weights.
///
/// @param engine of the model that is trained
/// @param options of generation
record RolloutCollector(Engine engine, RolloutOptions options, ProblemSource problems, RolloutScoring scoring,
        RolloutSettings settings) {
    private static final long GREEDY = 0x67726565;

    /// What was collected.
    ///
    /// @param rollouts group after group
    /// @param baselines the reward of the greedy completion of each group; empty without
    /// @param numGenerated completions in all rounds, greedy ones included
    /// @param numTokens sampled tokens in all rounds
    /// @param numGroups groups in all rounds
    /// @param allRight share of these whose completions are all right
    /// @param allWrong share of these whose completions are all wrong
    /// @param seconds time of generation
    record Collected(List<ScoredRollout> rollouts, double[] baselines, int numGenerated, long numTokens, int numGroups,
            double allRight, double allWrong, double seconds) { }

    /// @param index of the batch of rollouts, from 0
    Collected collect(long index) {
        List<List<ScoredRollout>> kept = new ArrayList<>();
        List<List<ScoredRollout>> others = new ArrayList<>();
        int rounds = settings.resampling() + 1;
        int numGroups = 0;
        int numRight = 0;
        int numWrong = 0;
        long tokens = 0;
        long nanos = 0;
        RolloutGenerator generator = new RolloutGenerator(engine, options);
        for (int round = 0; round < rounds && kept.size() < settings.prompts(); round++) {
            long first = (index * rounds + round) * settings.prompts();
            List<PromptProblem> asked = LongStream.range(first, first + settings.prompts())
                    .mapToObj(problems::training).toList();
            long start = System.nanoTime();
            List<Rollout> rollouts = generator.generate(asked.stream().map(PromptProblem::ids).toList(),
                    settings.group(), Hash.of(settings.seed(), index, round));
            nanos += System.nanoTime() - start;
            tokens += rollouts.stream().mapToLong(Rollout::numSampled).sum();
            List<ScoredRollout> scored = scoring.score(asked, rollouts, settings.group(), 0);
            for (int g = 0; g < settings.prompts(); g++) {
                List<ScoredRollout> group = scored.subList(g * settings.group(), (g + 1) * settings.group());
                numGroups++;
                numRight += group.stream().allMatch(ScoredRollout::isRight) ? 1 : 0;
                numWrong += group.stream().noneMatch(ScoredRollout::isRight) ? 1 : 0;
                (settings.resampling() == 0 || differs(group) ? kept : others).add(group);
            }
        }
        kept.addAll(others);
        List<List<ScoredRollout>> groups = kept.subList(0, settings.prompts());
        List<ScoredRollout> all = numbered(groups);
        int numGenerated = numGroups * settings.group();
        if (!settings.greedyBaseline()) {
            return new Collected(all, new double[0], numGenerated, tokens, numGroups,
                    (double) numRight / numGroups, (double) numWrong / numGroups, nanos / 1e9);
        }
        List<PromptProblem> asked = groups.stream().map(g -> g.getFirst().problem()).toList();
        long start = System.nanoTime();
        List<Rollout> greedy = new RolloutGenerator(engine, options.withTemperature(0)).generate(
                asked.stream().map(PromptProblem::ids).toList(), 1, Hash.of(settings.seed(), index, GREEDY));
        nanos += System.nanoTime() - start;
        tokens += greedy.stream().mapToLong(Rollout::numSampled).sum();
        double[] baselines = scoring.score(asked, greedy, 1, 0).stream().mapToDouble(ScoredRollout::reward)
                .map(r -> Double.isNaN(r) ? 0 : r).toArray();
        return new Collected(all, baselines, numGenerated + greedy.size(), tokens, numGroups,
                (double) numRight / numGroups, (double) numWrong / numGroups, nanos / 1e9);
    }

    /// Whether a group's rewards carry a signal.
    private static boolean differs(List<ScoredRollout> group) {
        double[] rewards = group.stream().mapToDouble(ScoredRollout::reward).filter(r -> !Double.isNaN(r)).toArray();
        for (double r : rewards) {
            if (r != rewards[0]) {
                return true;
            }
        }
        return false;
    }

    private static List<ScoredRollout> numbered(List<List<ScoredRollout>> groups) {
        List<ScoredRollout> all = new ArrayList<>();
        for (int g = 0; g < groups.size(); g++) {
            for (ScoredRollout r : groups.get(g)) {
                all.add(new ScoredRollout(g, r.problem(), r.rollout(), r.text(), r.scores(), r.reward(), r.isRight()));
            }
        }
        return all;
    }
}
