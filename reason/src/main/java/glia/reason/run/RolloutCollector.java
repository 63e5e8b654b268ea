package glia.reason.run;

import glia.engine.pass.Engine;
import glia.engine.training.Reduction;
import glia.reason.rollout.Rollout;
import glia.reason.rollout.RolloutGenerator;
import glia.reason.rollout.RolloutOptions;
import glia.reason.rollout.TurnSource;
import glia.reason.run.ProblemSource.PromptProblem;
import glia.tensor.Hash;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/// Makes the scored rollouts of a batch: problems, completions, rewards, further rounds for groups whose rewards are
/// equal, and greedy baselines. A pure function of the random seed, the batch's number and the weights.
///
/// @param engine of the model that is trained
/// @param options of generation
record RolloutCollector(Engine engine, RolloutOptions options, ProblemSource problems, TurnFactory turns,
        RolloutScoring scoring, RolloutSettings settings) {
    private static final long GREEDY = 0x67726565;

    /// What was collected.
    ///
    /// @param rollouts group after group
    /// @param problems the number of each group's problem among those of training
    /// @param baselines the reward of the greedy completion of each group; empty without
    /// @param numGenerated completions in all rounds, greedy ones included
    /// @param numTokens sampled tokens in all rounds
    /// @param numGroups groups in all rounds
    /// @param allRight share of these whose completions are all right
    /// @param allWrong share of these whose completions are all wrong
    /// @param seconds time of generation
    record Collected(List<ScoredRollout> rollouts, long[] problems, double[] baselines, int numGenerated,
            long numTokens, int numGroups, double allRight, double allWrong, double seconds) { }

    /// What is counted over the rounds.
    private static final class Counts {
        private int groups;
        private int right;
        private int wrong;
        private int generated;
        private long tokens;
        private long nanos;

        private void add(List<ScoredRollout> group) {
            groups++;
            right += group.stream().allMatch(ScoredRollout::isRight) ? 1 : 0;
            wrong += group.stream().noneMatch(ScoredRollout::isRight) ? 1 : 0;
        }
    }

    /// @param index of the batch of rollouts, from 0
    /// @param ranks that share the generation
    Collected collect(long index, Reduction ranks) {
        List<List<ScoredRollout>> kept = new ArrayList<>();
        List<List<ScoredRollout>> others = new ArrayList<>();
        Map<PromptProblem, Long> numbers = new IdentityHashMap<>();
        Counts counts = new Counts();
        int rounds = settings.resampling() + 1;
        for (int round = 0; round < rounds && kept.size() < settings.prompts(); round++) {
            long first = (index * rounds + round) * settings.prompts();
            List<PromptProblem> asked = LongStream.range(first, first + settings.prompts())
                    .mapToObj(problems::training).toList();
            List<ScoredRollout> scored = generate(asked, settings.group(), options,
                    Hash.of(settings.seed(), index, round), counts, ranks);
            for (int g = 0; g < settings.prompts(); g++) {
                List<ScoredRollout> group = scored.subList(g * settings.group(), (g + 1) * settings.group());
                counts.add(group);
                numbers.put(asked.get(g), first + g);
                (settings.resampling() == 0 || differs(group) ? kept : others).add(group);
            }
        }
        kept.addAll(others);
        List<List<ScoredRollout>> groups = kept.subList(0, settings.prompts());
        double[] baselines = {};
        if (settings.greedyBaseline()) {
            List<PromptProblem> asked = groups.stream().map(g -> g.getFirst().problem()).toList();
            baselines = generate(asked, 1, options.withTemperature(0), Hash.of(settings.seed(), index, GREEDY), counts,
                    ranks)
                    .stream().mapToDouble(ScoredRollout::reward).map(r -> Double.isNaN(r) ? 0 : r).toArray();
        }
        long[] which = groups.stream().mapToLong(g -> numbers.get(g.getFirst().problem())).toArray();
        return new Collected(numbered(groups), which, baselines, counts.generated, counts.tokens, counts.groups,
                (double) counts.right / counts.groups, (double) counts.wrong / counts.groups, counts.nanos / 1e9);
    }

    private List<ScoredRollout> generate(List<PromptProblem> asked, int group, RolloutOptions by, long seed,
            Counts counts, Reduction ranks) {
        long start = System.nanoTime();
        TurnSource episodes = turns.begin(asked, group);
        List<Rollout> rollouts = SharedRollouts.generate(new RolloutGenerator(engine, by),
                asked.stream().map(PromptProblem::input).toList(), group, seed, episodes, ranks);
        counts.nanos += System.nanoTime() - start;
        counts.tokens += rollouts.stream().mapToLong(Rollout::numSampled).sum();
        counts.generated += rollouts.size();
        return SharedRollouts.scored(scoring.score(asked, rollouts, episodes, group, seed, true), ranks);
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
