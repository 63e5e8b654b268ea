package glia.reason.policy.advantage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.reason.policy.advantage.AdvantageEstimator.BestOfGroup;
import glia.reason.policy.advantage.AdvantageEstimator.GeneralizedAdvantage;
import glia.reason.policy.advantage.AdvantageEstimator.GreedyBaseline;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative.Scale;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative;
import glia.reason.policy.advantage.AdvantageEstimator.LeaveOneOut;
import glia.reason.policy.advantage.AdvantageEstimator.LengthWeighted;
import glia.reason.policy.advantage.AdvantageEstimator.Lone;
import glia.reason.policy.advantage.AdvantageEstimator.NonZeroScaled;
import glia.reason.policy.advantage.AdvantageEstimator.RewardDecoupled;
import glia.reason.policy.advantage.RewardStatistics.Whitening;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import java.util.List;
import org.junit.jupiter.api.Test;

class AdvantageTest {
    private static final int[] SEQUENCES = {0, 0, 1, 2, 3};

    private static RolloutColumns rewards(double[] groups, double... rewards) {
        return RolloutColumns.of(SEQUENCES, 4).with(Column.GROUP, groups).with(Column.SCORES, rewards);
    }

    private static double[] advantages(AdvantageEstimator estimator, RolloutColumns in) {
        return estimator.of(in).get(Column.SEQUENCE_ADVANTAGE);
    }

    @Test
    void groupRelativeByHand() {
        RolloutColumns in = rewards(new double[] {7, 7, 9, 9}, 1, 0, 3, 3);
        double std = Math.sqrt(0.5);
        assertArrayEquals(new double[] {0.5 / (std + 1e-4), -0.5 / (std + 1e-4), 0, 0},
                advantages(GroupRelative.of(Scale.GROUP), in), 1e-12);
        assertArrayEquals(new double[] {1, -1, 0, 0}, advantages(new LeaveOneOut(Lone.ZERO, false), in), 1e-12);
        assertArrayEquals(new double[] {1.0 / 3, -2.0 / 3, 0, 0}, advantages(new LengthWeighted(), in), 1e-12);
        assertArrayEquals(new double[] {2.0 / 3, -2.0 / 3, 0, 0}, advantages(new NonZeroScaled(), in), 1e-12);
        assertArrayEquals(new double[] {1, 0, 0, 0}, advantages(new BestOfGroup(false), in), 1e-12);
    }

    @Test
    void rewardsThatDoNotApplyAreLeftOut() {
        double none = Double.NaN;
        RolloutColumns in = rewards(new double[4], 1, 2, none, 4, none, none, 3, none)
                .with(Column.SCORE_WEIGHTS, 1, 0.5);
        assertArrayEquals(new double[] {2, 2, none, 3}, in.outcomes(), 1e-12);
        assertArrayEquals(new double[] {0, 2, 2, 0, 3}, in.rewards(), 1e-12);
        assertArrayEquals(new double[] {-1.0 / 3, -1.0 / 3, 0, 2.0 / 3},
                advantages(GroupRelative.of(Scale.NONE), in), 1e-12);
        RolloutColumns penalized = in.with(Column.REWARD, -1, 1, 1, -1, 2);
        assertArrayEquals(new double[] {0, 1, none, 2}, penalized.outcomes(), 1e-12);
        RolloutColumns part = penalized.part(List.of(3, 0));
        assertArrayEquals(new double[] {3, none, 1, 2}, part.get(Column.SCORES), 1e-12);
        assertArrayEquals(new double[] {2, -1, 1}, part.get(Column.REWARD), 1e-12);
        assertArrayEquals(new double[] {1, 0.5}, part.get(Column.SCORE_WEIGHTS), 1e-12);
    }

    @Test
    void whatIsMissingIsNamed() {
        RolloutColumns in = rewards(new double[] {0, 0, 1, 1}, 1, 0, 3, 3);
        assertMessage("value", () -> new GeneralizedAdvantage(1, 1).of(in));
        assertMessage("greedy_reward", () -> new GreedyBaseline().of(in));
        assertMessage("old", () -> new OptimalTokenBaseline(false).of(in));
        assertMessage("scores", () -> RewardDecoupled.overCompletions().of(RolloutColumns.of(SEQUENCES, 4)));
        assertMessage("group 2", () -> new BestOfGroup(true).of(rewards(new double[] {0, 0, 0, 2}, 1, 2, 3, 4)));
        assertMessage("group: found 1", () -> rewards(new double[] {0}, 1, 2, 3, 4));
        assertMessage("scores: found 3", () -> rewards(new double[4], 1, 2, 3));
        assertMessage("value: found 4", () -> in.with(Column.VALUE, new double[4]));
        assertMessage("score_weights: found 2", () -> in.with(Column.SCORE_WEIGHTS, 1, 2));
        assertMessage("whitening", () -> Whitening.of(1));
    }

    private static void assertMessage(String part, Runnable action) {
        String message = assertThrows(IllegalArgumentException.class, action::run).getMessage();
        assertTrue(message.contains(part), message);
    }
}
