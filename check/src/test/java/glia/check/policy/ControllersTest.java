package glia.check.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.check.reference.Variables;
import glia.reason.policy.AdaptiveEntropy;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.Aggregation;
import glia.reason.policy.KlController;
import glia.reason.policy.KlTerm;
import glia.reason.policy.ValueLoss;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import glia.train.distillation.KlEstimator;
import org.junit.jupiter.api.Test;

class ControllersTest {
    @Test
    void theKlCoefficientFollowsTheTarget() {
        KlController controller = new KlController(0.1, 6, 100);
        assertEquals(0.1 * (1 + 0.2 * 10 / 100), controller.after(60, 10).coefficient(), 1e-12);
        assertEquals(0.1 * (1 - 0.1 * 10 / 100), controller.after(5.4, 10).coefficient(), 1e-12);
        assertEquals(0.1, controller.after(6, 10).coefficient(), 1e-12);
        assertThrows(IllegalArgumentException.class, () -> new KlController(0.1, 0, 100));
    }

    @Test
    void theEntropyBonusWaitsForLowEntropy() {
        AdaptiveEntropy start = AdaptiveEntropy.start(0.01, 0.004, 0, 0.02, 1.5);
        assertEquals(0, start.applied(), 0.0);
        AdaptiveEntropy low = start.after(1.5);
        assertEquals(0.014, low.applied(), 1e-12);
        assertEquals(0, low.after(2).applied(), 0.0);
        assertEquals(0.02, low.after(1).after(1).after(1).coefficient(), 1e-12);
        assertThrows(IllegalArgumentException.class, () -> AdaptiveEntropy.start(0, 0.1, 1, 0, 1));
    }

    @Test
    void thePenaltyInTheRewardIsPaidByTokensOnly() {
        KlTerm term = new KlTerm(KlEstimator.K1, 0.5, KlTerm.Placement.REWARD);
        RolloutColumns in = RolloutColumns.of(new int[] {0, 0}, 2).with(Column.OLD, -1, -2)
                .with(Column.REFERENCE, -1.5, -1).with(Column.REWARD, 0, 0);
        assertArrayEquals(new double[] {-0.25, 0.5}, term.penalized(in).get(Column.REWARD), 1e-12);
        assertEquals((0.5 - 1) / 2 / 2, term.mean(in), 1e-7);
        assertArrayEquals(new double[] {-0.5, 0}, in.sums(term.ofRows(in)), 1e-12);
    }

    @Test
    void valuesAreClippedNearTheOldOnes() {
        RolloutColumns batch = RolloutColumns.of(new int[] {0, 0}, 1).with(Column.VALUE, 1, 1)
                .with(Column.RETURN, 2, 4);
        Aggregation tokens = new Aggregation.TokenMean();
        try (Variables variables = LossBatches.variables()) {
            Value values = variables.variable("values", LossBatches.column(1, 3));
            ValueLoss.Result result = new ValueLoss(0.5, tokens).of(values, batch, Totals.of(batch, tokens));
            assertEquals((1 + 2.5 * 2.5) / 4, result.loss().number(), 1e-6);
            assertEquals(0.5, result.clipped(), 1e-12);
            variables.backward(result.loss());
            assertArrayEquals(new double[] {-0.5, 0}, variables.gradient("values"), 1e-6);
        }
        try (Variables variables = LossBatches.variables()) {
            Value values = variables.variable("values", LossBatches.column(1, 3));
            assertThrows(IllegalArgumentException.class, () -> new ValueLoss(0.5, tokens).of(values,
                    batch.with(Column.RETURN, new double[0]), Totals.of(batch, tokens)));
        }
    }
}
