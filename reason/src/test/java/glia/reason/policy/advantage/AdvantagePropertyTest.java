package glia.reason.policy.advantage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.reason.policy.advantage.AdvantageEstimator.BestOfGroup;
import glia.reason.policy.advantage.AdvantageEstimator.GeneralizedAdvantage;
import glia.reason.policy.advantage.AdvantageEstimator.GroupBaseline;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative.Scale;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative;
import glia.reason.policy.advantage.AdvantageEstimator.LeaveOneOut;
import glia.reason.policy.advantage.AdvantageEstimator.LengthWeighted;
import glia.reason.policy.advantage.AdvantageEstimator.Lone;
import glia.reason.policy.advantage.AdvantageEstimator.NonZeroScaled;
import glia.reason.policy.advantage.AdvantageEstimator.RewardToGo;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class AdvantagePropertyTest {
    private static final List<AdvantageEstimator> OF_GROUPS = List.of(GroupRelative.of(Scale.GROUP),
            GroupRelative.of(Scale.BATCH), GroupRelative.of(Scale.NONE), new LeaveOneOut(Lone.REWARD, false),
            new LeaveOneOut(Lone.ZERO, true), new LengthWeighted(), new NonZeroScaled(), new BestOfGroup(true),
            RewardDecoupled.overCompletions(), new RewardDecoupled(1e-6, Lone.REWARD, true), new GroupBaseline());

    /// Completions of several groups in random order, with holes in their masks.
    private record Batch(int[] groups, boolean[][] mask, double[] rewards) {
        static Batch random(long seed, int numGroups, int size) {
            Random random = new Random(seed);
            int count = numGroups * size;
            int[] groups = new int[count];
            Arrays.setAll(groups, i -> i % numGroups);
            boolean[][] mask = new boolean[count][];
            double[] rewards = new double[count];
            for (int i = 0; i < count; i++) {
                mask[i] = new boolean[1 + random.nextInt(6)];
                for (int t = 0; t < mask[i].length; t++) {
                    mask[i][t] = t == 0 || random.nextInt(4) > 0;
                }
                rewards[i] = random.nextInt(5) / 4.0 + 0.1;
            }
            return new Batch(groups, mask, rewards);
        }

        AdvantageInput input() {
            return AdvantageInput.ofRewards(groups, mask, rewards);
        }

        double[] rows(AdvantageEstimator estimator) {
            return estimator.of(input()).rows(mask);
        }
    }

    @Property(tries = 40)
    void aShiftOfAGroupsRewardsChangesNothing(@ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int numGroups,
            @ForAll @IntRange(min = 2, max = 5) int size) {
        Batch batch = Batch.random(seed, numGroups, size);
        double[] shifted = batch.rewards.clone();
        Arrays.setAll(shifted, i -> shifted[i] + 3 + batch.groups[i]);
        for (AdvantageEstimator estimator : OF_GROUPS) {
            // The batch's deviation and the number of rewards that are not 0 depend on shifts between groups.
            if (!estimator.equals(GroupRelative.of(Scale.BATCH))) {
                assertArrayEquals(batch.rows(estimator),
                        new Batch(batch.groups, batch.mask, shifted).rows(estimator), 1e-6, estimator.toString());
            }
        }
    }

    @Property(tries = 40)
    void equalRewardsHaveAdvantagesOfExactlyZero(@ForAll double reward, @ForAll long seed,
            @ForAll @IntRange(min = 2, max = 7) int size) {
        Batch batch = Batch.random(seed, 2, size);
        double[] equal = batch.rewards.clone();
        double finite = Math.clamp(reward, -1e6, 1e6);
        Arrays.setAll(equal, i -> finite + batch.groups[i]);
        for (AdvantageEstimator estimator : OF_GROUPS) {
            for (double x : new Batch(batch.groups, batch.mask, equal).rows(estimator)) {
                assertEquals(0, x, 0.0, estimator.toString());
            }
        }
    }

    @Property(tries = 40)
    void paddingNeverMatters(@ForAll long seed, @ForAll @IntRange(min = 0, max = 4) int padding) {
        Batch batch = Batch.random(seed, 3, 3);
        boolean[][] padded = new boolean[batch.mask.length][];
        Arrays.setAll(padded, i -> Arrays.copyOf(batch.mask[i], batch.mask[i].length + padding));
        for (AdvantageEstimator estimator : OF_GROUPS) {
            assertArrayEquals(batch.rows(estimator), new Batch(batch.groups, padded, batch.rewards).rows(estimator),
                    0, estimator.toString());
        }
        Random random = new Random(seed);
        double[][] rewards = numbers(random, padded);
        double[][] values = numbers(random, padded);
        double[][] logProbs = numbers(random, padded);
        double[][] squares = numbers(random, padded);
        double[] baselines = random.doubles(padded.length).toArray();
        for (AdvantageEstimator estimator : List.of(new RewardToGo(0.9), new GeneralizedAdvantage(0.9, 0.8),
                new GreedyBaseline(), new OptimalTokenBaseline(true, false), new OptimalTokenBaseline(false, true))) {
            double[] expected = estimator.of(AdvantageInput.ofTokenRewards(batch.groups, batch.mask,
                    cut(rewards, batch.mask)).withValues(cut(values, batch.mask)).withBaselines(baselines)
                    .withDistributions(cut(logProbs, batch.mask), cut(squares, batch.mask))).rows(batch.mask);
            double[] found = estimator.of(AdvantageInput.ofTokenRewards(batch.groups, padded, rewards)
                    .withValues(values).withBaselines(baselines).withDistributions(logProbs, squares)).rows(padded);
            assertArrayEquals(expected, found, 1e-12, estimator.toString());
        }
    }

    private static double[][] numbers(Random random, boolean[]... like) {
        double[][] rows = new double[like.length][];
        Arrays.setAll(rows, i -> random.doubles(like[i].length).toArray());
        return rows;
    }

    private static double[][] cut(double[][] rows, boolean[]... like) {
        double[][] shorter = new double[rows.length][];
        Arrays.setAll(shorter, i -> Arrays.copyOf(rows[i], like[i].length));
        return shorter;
    }

    @Property(tries = 40)
    void completionsWithoutARewardDoNotExistForOthers(@ForAll long seed) {
        Batch batch = Batch.random(seed, 2, 3);
        int count = batch.groups.length;
        int[] groups = Arrays.copyOf(batch.groups, count + 1);
        boolean[][] mask = Arrays.copyOf(batch.mask, count + 1);
        double[] rewards = Arrays.copyOf(batch.rewards, count + 1);
        mask[count] = new boolean[] {true};
        rewards[count] = Double.NaN;
        for (AdvantageEstimator estimator : OF_GROUPS) {
            if (!(estimator instanceof GroupBaseline) && !(estimator instanceof RewardDecoupled)) {
                double[] expected = batch.rows(estimator);
                double[] found = new Batch(groups, mask, rewards).rows(estimator);
                assertArrayEquals(expected, Arrays.copyOf(found, expected.length), 1e-12, estimator.toString());
                assertEquals(0, found[expected.length], 0.0, estimator.toString());
            }
        }
    }

    @Property(tries = 20)
    void theAdvantagesOfAGroupAddUpToZero(@ForAll long seed) {
        Batch batch = Batch.random(seed, 2, 4);
        for (AdvantageEstimator estimator : List.of(GroupRelative.of(Scale.GROUP), GroupRelative.of(Scale.NONE),
                new LeaveOneOut(Lone.ZERO, false))) {
            double[] advantages = estimator.of(batch.input()).sequences();
            for (int g = 0; g < 2; g++) {
                double sum = 0;
                for (int i = 0; i < advantages.length; i++) {
                    sum += batch.groups[i] == g ? advantages[i] : 0;
                }
                assertEquals(0, sum, 1e-9, estimator.toString());
            }
        }
    }
}
