package glia.reason.policy.advantage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.reason.policy.advantage.AdvantageEstimator.BestOfGroup;
import glia.reason.policy.advantage.AdvantageEstimator.GeneralizedAdvantage;
import glia.reason.policy.advantage.AdvantageEstimator.GreedyBaseline;
import glia.reason.policy.advantage.AdvantageEstimator.GroupBaseline;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative.Scale;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative;
import glia.reason.policy.advantage.AdvantageEstimator.LeaveOneOut;
import glia.reason.policy.advantage.AdvantageEstimator.LengthWeighted;
import glia.reason.policy.advantage.AdvantageEstimator.Lone;
import glia.reason.policy.advantage.AdvantageEstimator.NonZeroScaled;
import glia.reason.policy.advantage.AdvantageEstimator.RewardDecoupled;
import glia.reason.policy.advantage.AdvantageEstimator.RewardToGo;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class AdvantagePropertyTest {
    private static final List<AdvantageEstimator> OF_GROUPS = List.of(GroupRelative.of(Scale.GROUP),
            GroupRelative.of(Scale.BATCH), GroupRelative.of(Scale.NONE), new LeaveOneOut(Lone.REWARD, false),
            new LeaveOneOut(Lone.ZERO, true), new LengthWeighted(), new NonZeroScaled(), new BestOfGroup(true),
            RewardDecoupled.overCompletions(), new RewardDecoupled(1e-6, Lone.REWARD, true), new GroupBaseline());

    /// Completions of several groups in random order.
    private record Batch(double[] groups, int[] sequences, double[] rewards) {
        static Batch random(long seed, int numGroups, int size) {
            Random random = new Random(seed);
            int count = numGroups * size;
            double[] groups = new double[count];
            Arrays.setAll(groups, i -> i % numGroups);
            int[] sequences = IntStream.range(0, count)
                    .flatMap(i -> IntStream.generate(() -> i).limit(1 + random.nextInt(6))).toArray();
            return new Batch(groups, sequences, random.ints(count, 0, 5).mapToDouble(r -> r / 4.0 + 0.1).toArray());
        }

        RolloutColumns input() {
            return RolloutColumns.of(sequences, groups.length).with(Column.GROUP, groups)
                    .with(Column.SCORES, rewards);
        }

        double[] rows(AdvantageEstimator estimator) {
            return estimator.of(input()).get(Column.ADVANTAGE);
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
                        new Batch(batch.groups, batch.sequences, shifted).rows(estimator), 1e-6, estimator.toString());
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
            for (double x : new Batch(batch.groups, batch.sequences, equal).rows(estimator)) {
                assertEquals(0, x, 0.0, estimator.toString());
            }
        }
    }

    @Property(tries = 40)
    void aCompletionWithoutTokensNeverMatters(@ForAll long seed) {
        Batch batch = Batch.random(seed, 3, 3);
        Random random = new Random(seed);
        RolloutColumns whole = batch.input();
        for (Column column : List.of(Column.REWARD, Column.VALUE, Column.OLD, Column.SQUARED_PROBS)) {
            whole = whole.with(column, random.doubles(batch.sequences.length).toArray());
        }
        whole = whole.with(Column.GREEDY_REWARD, random.doubles(batch.groups.length).toArray());
        int[] later = Arrays.stream(batch.sequences).map(s -> s + 1).toArray();
        RolloutColumns more = RolloutColumns.of(later, batch.groups.length + 1);
        for (Column column : whole.columns().keySet()) {
            boolean isOfSequence = List.of(Column.GROUP, Column.SCORES, Column.GREEDY_REWARD).contains(column);
            more = more.with(column, DoubleStream.concat(DoubleStream.of(isOfSequence ? new double[1] : new double[0]),
                    Arrays.stream(whole.get(column))).toArray());
        }
        for (AdvantageEstimator estimator : List.of(new RewardToGo(0.9), new GeneralizedAdvantage(0.9, 0.8),
                new GreedyBaseline(), new OptimalTokenBaseline(false))) {
            assertArrayEquals(estimator.of(whole).get(Column.ADVANTAGE), estimator.of(more).get(Column.ADVANTAGE),
                    1e-12, estimator.toString());
        }
    }

    @Property(tries = 40)
    void completionsWithoutARewardDoNotExistForOthers(@ForAll long seed) {
        Batch batch = Batch.random(seed, 2, 3);
        int count = batch.groups.length;
        double[] groups = Arrays.copyOf(batch.groups, count + 1);
        int[] sequences = Arrays.copyOf(batch.sequences, batch.sequences.length + 1);
        double[] rewards = Arrays.copyOf(batch.rewards, count + 1);
        sequences[batch.sequences.length] = count;
        rewards[count] = Double.NaN;
        for (AdvantageEstimator estimator : OF_GROUPS) {
            if (!(estimator instanceof GroupBaseline) && !(estimator instanceof RewardDecoupled)) {
                double[] expected = batch.rows(estimator);
                double[] found = new Batch(groups, sequences, rewards).rows(estimator);
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
            double[] advantages = estimator.of(batch.input()).get(Column.SEQUENCE_ADVANTAGE);
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
