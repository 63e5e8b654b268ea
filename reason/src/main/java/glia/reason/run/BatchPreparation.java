package glia.reason.run;

import glia.engine.training.TrainingPass;
import glia.reason.policy.KlTerm;
import glia.reason.policy.correction.RolloutCorrection;
import glia.reason.rollout.Rollout;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.train.distillation.KlEstimator;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Turns scored rollouts into a batch for updates: log-probabilities of the old policy and the reference model, values,
/// advantages and figures.
///
/// @param computesOld whether old log-probabilities are those of the training pass, for precisions other than F32, in
///     place of the sampler's
/// @param words whose shares are figures
/// @param numbers that go on from batch to batch
record BatchPreparation(RolloutSettings settings, PolicyTraining training, RolloutScoring scoring,
        boolean computesOld, ReflectionWords words, RunNumbers numbers) {
    private static final double[] NONE = {};
    private static final KlTerm K3 = new KlTerm(KlEstimator.K3, 0, KlTerm.Placement.REWARD);

    RolloutBatch prepare(TrainingPass pass, long index, RolloutCollector.Collected collected) {
        List<ScoredRollout> scored = collected.rollouts();
        List<Rollout> rollouts = scored.stream().map(ScoredRollout::rollout).toList();
        boolean corrects = training.correction().isActive();
        RolloutColumns columns = RolloutColumns.of(Column.SAMPLER, rollouts.stream().map(BatchPreparation::logProbs)
                .toArray(double[][]::new));
        double[] sampler = columns.get(Column.SAMPLER);
        double[] old = !settings.isOffPolicy() && !corrects ? NONE : !computesOld && !corrects ? sampler
                : logProbs(pass, rollouts);
        columns = columns.with(Column.REFERENCE, training.reference().isEmpty() ? NONE
                : logProbs(training.reference().get().pass(), rollouts));
        columns = withRewards(columns, scored).with(Column.GREEDY_REWARD, collected.baselines().length == 0 ? NONE
                : scored.stream().mapToDouble(r -> collected.baselines()[r.group()]).toArray());
        columns = columns.with(Column.VALUE, training.value().isEmpty() ? NONE : MicroBatches.evaluate(pass, rollouts,
                settings.batchTokens(), p -> training.value().get().head().of(p)));
        Map<String, Double> figures = figures(collected, columns);
        KlTerm kl = training.objective().kl();
        kl = kl.withCoefficient(numbers.klCoefficient(kl.coefficient()));
        if (numbers.adaptsKl()) {
            figures.put("kl/coefficient", kl.coefficient());
            numbers.afterBatch(kl.mean(columns), scored.size());
        }
        columns = kl.isInReward() ? kl.penalized(columns) : columns;
        double[] ones = new double[scored.size()];
        Arrays.fill(ones, 1);
        columns = training.estimator().isPresent() ? training.estimator().get().of(columns)
                : columns.withSequenceAdvantages(ones);
        boolean[] isMasked = training.estimator().isPresent() ? new boolean[scored.size()] : rejected(scored);
        for (int i = 0; i < isMasked.length; i++) {
            isMasked[i] |= settings.masksTruncated() && !rollouts.get(i).isFinished()
                    || rollouts.get(i).numSampled() == 0;
        }
        columns = columns.with(Column.OLD, old);
        if (corrects) {
            RolloutCorrection.Result correction = training.correction().of(columns);
            columns = columns.with(Column.WEIGHT, correction.weights());
            for (int i = 0; i < isMasked.length; i++) {
                isMasked[i] |= correction.rejected()[i];
            }
            figures.putAll(correction.figures());
        } else {
            columns = columns.with(Column.SAMPLER, NONE);
        }
        return new RolloutBatch(index, scored, columns, kl.coefficient(), isMasked, figures, collected.numTokens());
    }

    private double[] logProbs(TrainingPass pass, List<Rollout> rollouts) {
        return MicroBatches.evaluate(pass, rollouts, settings.batchTokens(),
                p -> p.tokens(settings.temperature(), false, 0).logProbs());
    }

    private RolloutColumns withRewards(RolloutColumns columns, List<ScoredRollout> scored) {
        return columns.with(Column.GROUP, scored.stream().mapToDouble(ScoredRollout::group).toArray())
                .with(Column.SCORES, scored.stream().flatMapToDouble(r -> Arrays.stream(r.scores())).toArray())
                .with(Column.SCORE_WEIGHTS, scored.isEmpty() ? NONE : scoring.weights());
    }

    /// All but the right completion of each group that has the largest reward, the first of equals.
    private static boolean[] rejected(List<ScoredRollout> scored) {
        boolean[] rejected = new boolean[scored.size()];
        Arrays.fill(rejected, true);
        Map<Integer, Integer> best = new TreeMap<>();
        for (int i = 0; i < rejected.length; i++) {
            ScoredRollout r = scored.get(i);
            if (r.isRight() && (!best.containsKey(r.group())
                    || r.reward() > scored.get(best.get(r.group())).reward())) {
                best.put(r.group(), i);
            }
        }
        best.values().forEach(i -> rejected[i] = false);
        return rejected;
    }

    private static double[] logProbs(Rollout rollout) {
        double[] sampled = new double[rollout.numSampled()];
        int at = 0;
        for (int t = 0; t < rollout.tokens().length; t++) {
            if (rollout.isSampled()[t]) {
                sampled[at++] = rollout.logProbs()[t];
            }
        }
        return sampled;
    }

    private Map<String, Double> figures(RolloutCollector.Collected collected, RolloutColumns columns) {
        Map<String, Double> figures = BatchFigures.of(collected, scoring, words);
        numbers.addTokens(collected.numTokens());
        figures.put("rollouts/tokens_total", numbers.tokens());
        if (columns.has(Column.REFERENCE)) {
            figures.put("kl/reference", Arrays.stream(K3.ofRows(columns)).average().orElse(0));
        }
        return figures;
    }

    /// The figures of a batch of rollouts, by name.
    static final class BatchFigures {
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
                figures.put("turns/mean",
                        mean(scored.stream().mapToDouble(r -> ToolTurns.turns(r.rollout())).toArray()));
            }
            figures.putAll(words.shares(scored.stream().map(ScoredRollout::text).toList()));
            figures.put("groups/cut", mean(scored.stream().mapToDouble(r -> r.rollout().isFinished() ? 0
                    : 1).toArray()));
            figures.put("groups/all_right", collected.allRight());
            figures.put("groups/all_wrong", collected.allWrong());
            figures.put("rollouts/generated", (double) collected.numGenerated());
            figures.put("rollouts/tokens", (double) collected.numTokens());
            figures.put("rollouts/tokens_per_second", collected.numTokens() / Math.max(1e-9, collected.seconds()));
            return figures;
        }

        private static double mean(double[] numbers) {
            return Arrays.stream(numbers).filter(x -> !Double.isNaN(x)).average().orElse(0);
        }
    }
}
