package glia.reason.run;

import glia.train.loss.KlEstimator;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The figures of a batch of rollouts, by name.
final class BatchFigures {
    private BatchFigures() { }

    /// Rewards, lengths, groups, tokens and words.
    static Map<String, Double> of(RolloutCollector.Collected collected, RolloutScoring scoring,
            ReflectionWords words) {
        List<ScoredRollout> scored = collected.rollouts();
        Map<String, Double> figures = new TreeMap<>();
        figures.put("reward/mean", mean(scored.stream().mapToDouble(ScoredRollout::reward).toArray()));
        for (int c = 0; c < scoring.weights().length && scoring.weights().length > 1; c++) {
            int column = c;
            figures.put("reward/" + scoring.name(c), mean(scored.stream().mapToDouble(r -> r.scores()[column])
                    .toArray()));
        }
        figures.put("reward/failures", (double) scoring.failures());
        figures.put("accuracy/training", mean(scored.stream().mapToDouble(r -> r.isRight() ? 1 : 0).toArray()));
        figures.put("response_length/mean", mean(scored.stream().mapToDouble(r -> r.rollout().numSampled())
                .toArray()));
        figures.put("response_length/max", scored.stream().mapToDouble(r -> r.rollout().numSampled()).max()
                .orElse(0));
        if (scoring.tools().isPresent()) {
            figures.put("turns/mean", mean(scored.stream().mapToDouble(r -> ToolTurns.turns(r.rollout())).toArray()));
        }
        figures.putAll(words.shares(scored.stream().map(ScoredRollout::text).toList()));
        figures.put("groups/cut", mean(scored.stream().mapToDouble(r -> r.rollout().isFinished() ? 0 : 1).toArray()));
        figures.put("groups/all_right", collected.allRight());
        figures.put("groups/all_wrong", collected.allWrong());
        figures.put("rollouts/generated", (double) collected.numGenerated());
        figures.put("rollouts/tokens", (double) collected.numTokens());
        figures.put("rollouts/tokens_per_second", collected.numTokens() / Math.max(1e-9, collected.seconds()));
        return figures;
    }

    /// The mean k3 estimate of `KL(sampler‖reference)` over all tokens.
    static double divergence(double[][] sampler, double[][] reference) {
        double sum = 0;
        long count = 0;
        for (int i = 0; i < sampler.length; i++) {
            for (int t = 0; t < sampler[i].length; t++) {
                sum += KlEstimator.K3.of(sampler[i][t], reference[i][t]);
                count++;
            }
        }
        return sum / Math.max(1, count);
    }

    private static double mean(double[] numbers) {
        return Arrays.stream(numbers).filter(x -> !Double.isNaN(x)).average().orElse(0);
    }
}
