package glia.reason.run;

import glia.engine.training.TrainingPass;
import glia.reason.policy.KlReward;
import glia.reason.policy.KlTerm;
import glia.reason.policy.advantage.AdvantageEstimator.OutcomeEstimator;
import glia.reason.policy.advantage.AdvantageInput;
import glia.reason.policy.advantage.Advantages;
import glia.reason.policy.correction.RolloutCorrection;
import glia.reason.rollout.Rollout;
import glia.train.loss.KlEstimator;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
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
    private static final double[][] NONE = {};

    RolloutBatch prepare(TrainingPass pass, long index, RolloutCollector.Collected collected) {
        List<ScoredRollout> scored = collected.rollouts();
        List<Rollout> rollouts = scored.stream().map(ScoredRollout::rollout).toList();
        int maxTokens = settings.batchTokens();
        double[][] sampler = rollouts.stream().map(BatchPreparation::logProbs).toArray(double[][]::new);
        boolean corrects = training.correction().isActive();
        double[][] old = !settings.isOffPolicy() && !corrects ? NONE : !computesOld && !corrects ? sampler
                : MicroBatches.evaluate(pass,
                rollouts, maxTokens, p -> p.tokens(settings.temperature(), false, 0).logProbs());
        double[][] reference = training.reference().isEmpty() ? NONE : MicroBatches.evaluate(
                training.reference().get().pass(), rollouts, maxTokens,
                p -> p.tokens(settings.temperature(), false, 0).logProbs());
        double[][] values = training.value().isEmpty() ? NONE : MicroBatches.evaluate(pass, rollouts, maxTokens,
                p -> training.value().get().head().of(p));
        double klCoefficient = numbers.klCoefficient(training.objective().kl().coefficient());
        AdvantageInput input = input(scored, sampler, reference, values, klCoefficient);
        if (collected.baselines().length > 0) {
            input = input.withBaselines(scored.stream().mapToDouble(r -> collected.baselines()[r.group()]).toArray());
        }
        Advantages advantages = training.estimator().isPresent() ? training.estimator().get().of(input)
                : ones(input.mask());
        double[] sequences = advantages.sequences().length > 0 ? advantages.sequences()
                : Arrays.stream(advantages.advantages()).mapToDouble(a -> Arrays.stream(a).average().orElse(0))
                        .toArray();
        boolean[] isMasked = training.estimator().isPresent() ? new boolean[scored.size()] : rejected(scored);
        for (int i = 0; i < isMasked.length; i++) {
            isMasked[i] |= settings.masksTruncated() && !rollouts.get(i).isFinished()
                    || rollouts.get(i).numSampled() == 0;
        }
        Map<String, Double> figures = figures(collected, sampler, reference);
        RolloutColumns columns = RolloutColumns.of(Column.ADVANTAGE, advantages.advantages())
                .with(Column.SEQUENCE_ADVANTAGE, sequences).with(Column.OLD, old).with(Column.REFERENCE, reference)
                .with(Column.VALUE, values)
                .with(Column.RETURN, values.length == 0 ? NONE : advantages.returns());
        if (corrects) {
            columns = columns.with(Column.SAMPLER, sampler);
            RolloutCorrection.Result correction = training.correction().of(columns);
            columns = columns.with(Column.WEIGHT, correction.weights());
            for (int i = 0; i < isMasked.length; i++) {
                isMasked[i] |= correction.rejected()[i];
            }
            figures.putAll(correction.figures());
        }
        if (numbers.adaptsKl()) {
            figures.put("kl/coefficient", klCoefficient);
            KlReward penalty = KlReward.of(training.objective().kl().estimator(), 0, sampler, sampler, reference,
                    input.mask());
            numbers.afterBatch(penalty.meanKl(), scored.size());
        }
        return new RolloutBatch(index, scored, columns, klCoefficient, isMasked, figures, collected.numTokens());
    }

    private static Advantages ones(boolean[][] mask) {
        double[][] ones = new double[mask.length][];
        double[] sequences = new double[mask.length];
        Arrays.fill(sequences, 1);
        for (int i = 0; i < ones.length; i++) {
            ones[i] = new double[mask[i].length];
            Arrays.fill(ones[i], 1);
        }
        return new Advantages(ones, ones, sequences);
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

    private AdvantageInput input(List<ScoredRollout> scored, double[][] sampler, double[][] reference,
            double[][] values, double klCoefficient) {
        int[] groups = scored.stream().mapToInt(ScoredRollout::group).toArray();
        boolean[][] mask = new boolean[scored.size()][];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = new boolean[sampler[i].length];
            Arrays.fill(mask[i], true);
        }
        AdvantageInput input = AdvantageInput.ofScores(groups, mask, scored.stream().map(ScoredRollout::scores)
                .toArray(double[][]::new), scoring.weights());
        KlTerm kl = training.objective().kl();
        if (kl.isInReward()) {
            double[][] rewards = new double[mask.length][];
            for (int i = 0; i < rewards.length; i++) {
                rewards[i] = new double[mask[i].length];
                if (rewards[i].length > 0) {
                    rewards[i][rewards[i].length - 1] = scoredOrZero(scored.get(i).reward());
                }
            }
            input = AdvantageInput.ofTokenRewards(groups, mask, KlReward.of(kl.estimator(), klCoefficient, rewards,
                    sampler, reference, mask).rewards());
        }
        return values.length == 0 ? input : input.withValues(values);
    }

    /// A completion without a reward has none to learn from: estimators of completions leave it out.
    private double scoredOrZero(double reward) {
        return Double.isNaN(reward) && !(training.estimator().orElse(null) instanceof OutcomeEstimator) ? 0 : reward;
    }

    private Map<String, Double> figures(RolloutCollector.Collected collected, double[][] sampler,
            double[][] reference) {
        Map<String, Double> figures = BatchFigures.of(collected, scoring, words);
        numbers.addTokens(collected.numTokens());
        figures.put("rollouts/tokens_total", numbers.tokens());
        if (reference.length > 0) {
            figures.put("kl/reference", BatchFigures.divergence(sampler, reference));
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
}
