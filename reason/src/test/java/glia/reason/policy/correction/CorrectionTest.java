package glia.reason.policy.correction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import java.util.List;
import org.junit.jupiter.api.Test;

class CorrectionTest {
    private static final int[] SEQUENCES = {0, 0, 2};
    private static final double[] TRAINING = {-1, -1, -1};
    private static final double[] SAMPLER = {-1 - Math.log(2), -1, -1 + Math.log(4)};
    private static final RolloutColumns TOKENS = tokens(SEQUENCES, 3, TRAINING, SAMPLER);

    private static RolloutColumns tokens(int[] sequences, int numSequences, double[] training, double[] sampler) {
        return RolloutColumns.of(sequences, numSequences).with(Column.OLD, training).with(Column.SAMPLER, sampler);
    }

    @Test
    void weightsOutOfRangeAreCutOrZero() {
        assertWeights("token_truncate", 1.5, 1, 0.5);
        assertWeights("token_mask", 0, 1, 0);
        assertWeights("sequence_truncate", 1.5, 1, 0.5);
        assertWeights("sequence_mask", 0, 1, 0);
        assertThrows(IllegalArgumentException.class, () -> SamplerCorrection.of("tango", 0, 1));
        assertThrows(IllegalArgumentException.class, () -> SamplerCorrection.of("token_mask", 2, 1));
    }

    private static void assertWeights(String mode, double... expected) {
        assertArrayEquals(expected, SamplerCorrection.of(mode, 0.5, 1.5).weights(TOKENS), 1e-12, mode);
    }

    @Test
    void aMissingLogProbabilityIsNoDifference() {
        double[] weights = SamplerCorrection.of("sequence_mask", 0, 3).weights(tokens(new int[] {0, 0}, 1,
                new double[] {-1, -1}, new double[] {Double.NaN, -2}));
        assertEquals(Math.E, weights[0], 1e-12);
    }

    @Test
    void rolloutWeightsAreTruncatedOrZeroed() {
        assertArrayEquals(new double[] {1.5, 1, 0.25}, RolloutWeights.of("token", "1.5", false).of(TOKENS),
                1e-12);
        assertArrayEquals(new double[] {0, 1, 0}, RolloutWeights.of("token", "0.5_1.5", false).of(TOKENS),
                1e-12);
        assertArrayEquals(new double[] {1.5, 1.5, 0.25}, RolloutWeights.of("sequence", "1.5", false).of(TOKENS), 1e-12);
        RolloutWeights rule = RolloutWeights.of("token", "9", true);
        double mean = rule.factor(TOKENS, RolloutWeights.of("token", "9", false).of(TOKENS));
        assertEquals((2 + 1 + 0.25) / 3, mean, 1e-12);
        assertThrows(IllegalArgumentException.class, () -> RolloutWeights.of("word", "2", false));
        for (String bad : List.of("", "x", "-1", "1_2_3", "3_2", "NaN")) {
            assertThrows(IllegalArgumentException.class, () -> RolloutWeights.of("token", bad, false), bad);
        }
    }

    @Test
    void rejectionBoundsOfTheFirstEstimatorAreInverse() {
        List<RejectionRule> rules = RejectionRule.parse("token_k1", "0.4_1.1");
        assertArrayEquals(new boolean[] {true, true, false}, RejectionRule.kept(rules, TOKENS));
        rules = RejectionRule.parse("seq_mean_k2,token_k3", "0.2,9");
        assertArrayEquals(new boolean[] {true, true, false}, RejectionRule.kept(rules, TOKENS));
        assertEquals(List.of("seq_mean_k2", "token_k3"), rules.stream().map(RejectionRule::name).toList());
    }

    @Test
    void rejectionRulesWithoutMeaningAreRefused() {
        for (String name : List.of("seq_max_k1", "token_k4", "", "tango")) {
            String message = assertThrows(IllegalArgumentException.class, () -> RejectionRule.parse(name, "2"))
                    .getMessage();
            assertTrue(message.contains('"' + name + '"'), message);
        }
        assertThrows(IllegalArgumentException.class, () -> RejectionRule.parse("token_k2", "0.5_2"));
        assertThrows(IllegalArgumentException.class, () -> RejectionRule.parse("token_k2,token_k3", "1,2,3"));
    }
}
