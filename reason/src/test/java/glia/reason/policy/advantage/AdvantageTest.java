package glia.reason.policy.advantage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.reason.policy.advantage.AdvantageEstimator.BestOfGroup;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative.Scale;
import glia.reason.policy.advantage.AdvantageEstimator.LeaveOneOut;
import glia.reason.policy.advantage.AdvantageEstimator.LengthWeighted;
import glia.reason.policy.advantage.AdvantageEstimator.Lone;
import glia.reason.policy.advantage.AdvantageEstimator.NonZeroScaled;
import glia.train.loss.KlEstimator;
import org.junit.jupiter.api.Test;

class AdvantageTest {
    private static final boolean[][] MASK = {{true, true}, {true}, {true}, {true}};

    @Test
    void groupRelativeByHand() {
        AdvantageInput input = AdvantageInput.ofRewards(new int[] {7, 7, 9, 9}, MASK, 1, 0, 3, 3);
        double std = Math.sqrt(0.5);
        assertArrayEquals(new double[] {0.5 / (std + 1e-4), -0.5 / (std + 1e-4), 0, 0},
                AdvantageEstimator.GroupRelative.of(Scale.GROUP).of(input).sequences(), 1e-12);
        assertArrayEquals(new double[] {1, -1, 0, 0}, new LeaveOneOut(Lone.ZERO, false).of(input).sequences(), 1e-12);
        assertArrayEquals(new double[] {1.0 / 3, -2.0 / 3, 0, 0}, new LengthWeighted().of(input).sequences(), 1e-12);
        assertArrayEquals(new double[] {2.0 / 3, -2.0 / 3, 0, 0}, new NonZeroScaled().of(input).sequences(), 1e-12);
        assertArrayEquals(new double[] {1, 0, 0, 0}, new BestOfGroup(false).of(input).sequences(), 1e-12);
    }

    @Test
    void rewardsThatDoNotApplyAreLeftOut() {
        double none = Double.NaN;
        AdvantageInput input = AdvantageInput.ofScores(new int[] {0, 0, 0, 0}, MASK,
                new double[][] {{1, 2}, {none, 4}, {none, none}, {3, none}}, 1, 0.5);
        assertArrayEquals(new double[] {2, 2, none, 3}, input.outcomes(), 1e-12);
        double[] advantages = AdvantageEstimator.GroupRelative.of(Scale.NONE).of(input).sequences();
        assertArrayEquals(new double[] {-1.0 / 3, -1.0 / 3, 0, 2.0 / 3}, advantages, 1e-12);
    }

    @Test
    void whatIsMissingIsNamed() {
        AdvantageInput input = AdvantageInput.ofRewards(new int[] {0, 0, 1, 1}, MASK, 1, 0, 3, 3);
        assertMessage("values", () -> new AdvantageEstimator.GeneralizedAdvantage(1, 1).of(input));
        assertMessage("greedy", () -> new GreedyBaseline().of(input));
        assertMessage("log-probabilities", () -> new OptimalTokenBaseline(false, false).of(input));
        assertMessage("group 2", () -> new BestOfGroup(true).of(
                AdvantageInput.ofRewards(new int[] {0, 0, 0, 2}, MASK, 1, 2, 3, 4)));
        assertMessage("groups", () -> AdvantageInput.ofRewards(new int[] {0}, MASK, 1, 2, 3, 4));
        assertMessage("scores", () -> AdvantageInput.ofRewards(new int[4], MASK, 1, 2, 3));
        assertMessage("values[1]", () -> input.withValues(new double[2], new double[3], new double[1],
                new double[1]));
        assertMessage("whitening", () -> Whitening.of(new double[][] {{1}}, new boolean[][] {{true}}));
    }

    private static void assertMessage(String part, Runnable action) {
        String message = assertThrows(IllegalArgumentException.class, action::run).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void observationsAreSkippedByGae() {
        boolean[][] whole = {{true, true, true}, {true}};
        boolean[][] holes = {{true, false, true, false, true}, {true}};
        AdvantageEstimator.GeneralizedAdvantage rule = new AdvantageEstimator.GeneralizedAdvantage(0.9, 0.7);
        double[] expected = rule.of(AdvantageInput.ofTokenRewards(new int[2], whole,
                new double[][] {{1, 2, 3}, {1}}).withValues(new double[] {4, 5, 6}, new double[] {2})).rows(whole);
        double[] found = rule.of(AdvantageInput.ofTokenRewards(new int[2], holes,
                new double[][] {{1, 99, 2, -99, 3}, {1}}).withValues(new double[] {4, 77, 5, 88, 6},
                new double[] {2})).rows(holes);
        assertArrayEquals(expected, found, 1e-12);
    }

    @Test
    void theScoreOfPpoIsPlacedAfterTheLastToken() {
        PpoAdvantages rule = new PpoAdvantages(KlEstimator.K1, 0.5, false,
                new AdvantageEstimator.GeneralizedAdvantage(1, 1));
        double[][] zeros = new double[2][3];
        PpoAdvantages.Result result = rule.of(new double[] {4, 8}, new int[] {1, 3},
                new double[][] {{-1, 9, 9}, {-1, -1, -1}}, new double[][] {{-2, 7, 7}, {-1, -1, -1}}, zeros);
        assertArrayEquals(new double[] {-0.5, 4, 0}, result.rewards()[0], 1e-12);
        assertArrayEquals(new double[] {0, 0, 8}, result.rewards()[1], 1e-12);
        assertArrayEquals(new boolean[] {true, true, false}, result.valueMask()[0]);
        assertEquals(0, result.advantages()[0][1], 0.0);
        assertThrows(IllegalArgumentException.class, () -> rule.of(new double[] {1}, new int[] {4},
                new double[1][3], new double[1][3], new double[1][3]));
    }
}
