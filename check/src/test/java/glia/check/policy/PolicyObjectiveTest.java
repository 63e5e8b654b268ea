package glia.check.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.check.policy.LossBatches.Computed;
import glia.check.policy.LossBatches.Rollouts;
import glia.check.reference.Variables;
import glia.reason.policy.Aggregation.SequenceMean;
import glia.reason.policy.Aggregation.TokenMean;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.KlTerm.Placement;
import glia.reason.policy.KlTerm;
import glia.reason.policy.PolicyFigures;
import glia.reason.policy.PolicyMethod;
import glia.reason.policy.PolicyObjective.EntropyBonus;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.TokenMasks;
import glia.reason.policy.loss.ClippedRatio;
import glia.reason.policy.loss.PolicyLoss.DirectRewards;
import glia.reason.policy.loss.PolicyLoss.GeometricMean;
import glia.reason.policy.loss.PolicyLoss.Reinforce;
import glia.reason.policy.loss.PolicyLoss.Sapo;
import glia.reason.policy.loss.PolicyLoss;
import glia.reason.policy.loss.RatioLevel;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.train.distillation.KlEstimator;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class PolicyObjectiveTest {
    private static final double STEP = 2e-3;
    /// Losses of which every part has a gradient, away from the corners of their clips.
    private static final List<PolicyLoss> SMOOTH = List.of(ClippedRatio.of(RatioLevel.TOKEN, 0.2, 0.28),
            new ClippedRatio(RatioLevel.TOKEN, 0.2, 0.2, 1.4, 1.3, -80, 80),
            ClippedRatio.of(RatioLevel.SEQUENCE_MEAN, 0.1, 0.1), ClippedRatio.of(RatioLevel.SEQUENCE_SUM, 0.2, 0.2),
            Sapo.of(RatioLevel.TOKEN, 1, 1.05), new GeometricMean(0.4, 0.4), new Reinforce(), new DirectRewards(0.3));

    @Property(tries = 6)
    void gradientsAreThoseOfFiniteDifferences(@ForAll long seed) {
        Rollouts rollouts = LossBatches.random(seed, true, 3, 0, 5, 1);
        for (PolicyLoss loss : SMOOTH) {
            boolean hasRatio = !(loss instanceof Reinforce) && !(loss instanceof DirectRewards);
            PolicyObjective objective = PolicyObjective.of(loss, SequenceMean.ofMeans())
                    .withKl(new KlTerm(KlEstimator.K3_UNCLAMPED, 0.3,
                            hasRatio ? Placement.LOSS_TIMES_RATIO : Placement.LOSS))
                    .withEntropy(new EntropyBonus(0.2, false));
            for (int n = 0; n < rollouts.logProbs().length; n++) {
                int row = n;
                // A corner of a clip may lie within a step of one place, not of three.
                assertTrue(IntStream.of(0, 3, -3).anyMatch(shift -> isGradient(objective,
                        moved(rollouts, row, shift * STEP), row)), () -> loss + ": corners all around row " + row);
            }
            Computed computed = LossBatches.compute(objective, rollouts);
            assertEquals(-0.2, Arrays.stream(computed.entropyGradient()).sum(), 1e-5);
        }
    }

    /// Whether the slopes to both sides agree, as they do but at corners; then the gradient must be their mean. At a
    /// corner it is one of them.
    private static boolean isGradient(PolicyObjective objective, Rollouts rollouts, int row) {
        double here = LossBatches.compute(objective, rollouts).loss();
        double right = (LossBatches.compute(objective, moved(rollouts, row, STEP)).loss() - here) / STEP;
        double left = (here - LossBatches.compute(objective, moved(rollouts, row, -STEP)).loss()) / STEP;
        double found = LossBatches.compute(objective, rollouts).gradient()[row];
        boolean isCorner = Math.abs(right - left) > 6e-3;
        double difference = isCorner ? Math.min(Math.abs(found - left), Math.abs(found - right))
                : Math.abs(found - (left + right) / 2);
        assertEquals(0, difference, 4e-3, objective.loss() + " at row " + row);
        return !isCorner;
    }

    private static Rollouts moved(Rollouts rollouts, int row, double step) {
        double[] logProbs = rollouts.logProbs().clone();
        logProbs[row] += step;
        return new Rollouts(rollouts.batch(), logProbs, rollouts.entropies());
    }

    private static PolicyObjective masked(PolicyObjective objective, double topEntropy, double offPolicy) {
        return new PolicyObjective(objective.loss(), objective.aggregation(), objective.kl(), objective.entropy(),
                new TokenMasks(topEntropy, offPolicy));
    }

    @Property(tries = 6)
    void microBatchesAddUpToTheBatch(@ForAll long seed) {
        int[] lengths = {3, 0, 5, 1};
        for (String name : PolicyMethod.names()) {
            PolicyObjective objective = masked(PolicyMethod.named(name, 7).objective()
                    .withKl(new KlTerm(KlEstimator.K3, 0.1, Placement.LOSS)), 0.4, Double.POSITIVE_INFINITY);
            Rollouts whole = LossBatches.random(seed, true, lengths);
            Rollouts chosen = new Rollouts(objective.withChoices(whole.batch(), whole.logProbs(), whole.entropies()),
                    whole.logProbs(), whole.entropies());
            Totals totals = Totals.of(whole.batch(), objective.aggregation());
            Computed expected = LossBatches.compute(objective, whole, totals);
            double loss = 0;
            int at = 0;
            for (int s = 0; s < lengths.length; s++) {
                Computed part = LossBatches.compute(objective, LossBatches.single(chosen, s), totals);
                loss += part.loss();
                assertArrayEquals(Arrays.copyOfRange(expected.gradient(), at, at += lengths[s]), part.gradient(),
                        1e-6, name);
            }
            assertEquals(expected.loss(), loss, 1e-5, name);
        }
    }

    @Test
    void onPolicyTheLossHasTheGradientOfReinforce() {
        Rollouts rollouts = LossBatches.random(4, false, 3, 4);
        Rollouts onPolicy = new Rollouts(rollouts.batch().with(Column.OLD, new double[0]), rollouts.logProbs(),
                rollouts.entropies());
        double[] expected = Arrays.stream(rollouts.batch().get(Column.ADVANTAGE)).map(a -> -a / 7).toArray();
        for (PolicyLoss loss : List.of(new Reinforce(), ClippedRatio.of(RatioLevel.TOKEN, 0.2, 0.2),
                Sapo.of(RatioLevel.TOKEN, 1, 1.05))) {
            assertArrayEquals(expected, LossBatches.compute(PolicyObjective.of(loss, new TokenMean()), onPolicy)
                    .gradient(), 1e-6, loss.toString());
        }
    }

    @Test
    void masksLeaveTheKlPenaltyAlone() {
        Rollouts rollouts = LossBatches.random(6, true, 4, 4);
        KlTerm kl = new KlTerm(KlEstimator.K2, 1, Placement.LOSS);
        PolicyObjective objective = masked(PolicyObjective.of(new Reinforce(), new TokenMean()).withKl(kl), 0.25,
                Double.POSITIVE_INFINITY);
        double[] gradient = LossBatches.compute(objective, rollouts).gradient();
        double[] sorted = rollouts.entropies().clone();
        Arrays.sort(sorted);
        int kept = 0;
        for (int n = 0; n < 8; n++) {
            double ofKl = (rollouts.logProbs()[n] - rollouts.batch().get(Column.REFERENCE)[n]) / 8;
            boolean learns = rollouts.entropies()[n] >= sorted[6];
            kept += learns ? 1 : 0;
            assertEquals(ofKl - (learns ? rollouts.batch().get(Column.ADVANTAGE)[n] / 8 : 0), gradient[n], 1e-5);
        }
        assertEquals(2, kept);
        assertEquals(1.75f, TokenMasks.quantile(new double[] {2, 1, 3, 0}, 0.5833333333), 1e-6);
    }

    @Test
    void figuresOfABatch() {
        Rollouts rollouts = LossBatches.random(9, true, 4, 4);
        try (Variables variables = LossBatches.variables()) {
            PolicyFigures figures = LossBatches.evaluate(variables, PolicyMethod.named("grpo", 8).objective(), rollouts)
                    .figures();
            assertEquals(8, figures.tokens());
            assertEquals(Arrays.stream(rollouts.entropies()).average().orElseThrow(), figures.entropy(), 1e-6);
            assertEquals(figures.loss(), figures.policyLoss(), 0.0);
            assertEquals(0, figures.kl(), 0.0);
        }
    }

    @Test
    void aBatchWithoutTokensHasNoGradient() {
        for (String name : PolicyMethod.names()) {
            PolicyObjective objective = masked(PolicyMethod.named(name, 7).objective()
                    .withEntropy(new EntropyBonus(0.1, true)), 0.2, 1);
            Computed computed = LossBatches.compute(objective, LossBatches.random(3, true, 0, 0));
            assertEquals(0, computed.gradient().length, name);
            assertTrue(objective.loss().isPerSequence() ? Double.isFinite(computed.loss()) : computed.loss() == 0,
                    name + ": " + computed.loss());
        }
    }

    @Test
    void ratiosFarOffStayFinite() {
        Rollouts near = LossBatches.random(5, true, 3, 2);
        double[] far = {-1e4, 0, -1e4, -50, 0};
        double[] old = {0, -1e4, -1e4, 0, -50};
        Rollouts rollouts = new Rollouts(near.batch().with(Column.OLD, old), far, near.entropies());
        for (String name : PolicyMethod.names()) {
            Computed computed = LossBatches.compute(PolicyMethod.named(name, 7).objective(), rollouts);
            assertTrue(Double.isFinite(computed.loss()), name + ": " + computed.loss());
            assertTrue(Arrays.stream(computed.gradient()).allMatch(Double::isFinite), name);
        }
    }

    @Test
    void whatIsMissingIsNamed() {
        Rollouts rollouts = LossBatches.random(1, true, 2);
        Rollouts alone = new Rollouts(rollouts.batch().with(Column.REFERENCE, new double[0]), rollouts.logProbs(),
                rollouts.entropies());
        PolicyObjective objective = PolicyObjective.of(new Reinforce(), new TokenMean());
        PolicyObjective needsReference = objective.withKl(new KlTerm(KlEstimator.K1, 0.1, Placement.LOSS));
        assertMessage("column reference", () -> LossBatches.compute(needsReference, alone));
        PolicyObjective needsRatio = objective.withKl(new KlTerm(KlEstimator.K1, 0.1, Placement.LOSS_TIMES_RATIO));
        assertMessage("no probability ratio", () -> LossBatches.compute(needsRatio, rollouts));
        assertMessage("KL coefficient", () -> new KlTerm(KlEstimator.K1, -1, Placement.LOSS));
        assertMessage("tango", () -> PolicyMethod.named("tango", 8));
        assertMessage("dual clip", () -> new ClippedRatio(RatioLevel.TOKEN, 0.2, 0.2, 2, 1, -80, 80));
        assertMessage("length", () -> SequenceMean.byLength(0));
        RolloutColumns batch = RolloutColumns.of(new int[] {0, 2}, 3).withAdvantages(1, 1);
        assertMessage("sequence_weight", () -> batch.with(Column.SEQUENCE_WEIGHT, 1));
        assertMessage("weight", () -> batch.with(Column.WEIGHT, 1));
        assertMessage("sequences[1]", () -> RolloutColumns.of(new int[] {0, 3}, 3));
    }

    private static void assertMessage(String part, Runnable action) {
        String message = assertThrows(IllegalArgumentException.class, action::run).getMessage();
        assertTrue(message.contains(part), message);
    }
}
