package glia.engine.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class SamplingOptionsTest {
    private static void assertRefused(String name, UnaryOperator<SamplingOptions> change) {
        String message = assertThrows(IllegalArgumentException.class,
                () -> change.apply(SamplingOptions.defaults()), name).getMessage();
        assertTrue(message.startsWith(name + ": found "), message);
    }

    @Test
    void valuesOutsideTheirRangesAreNamed() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0.1f}) {
            assertRefused("temperature", o -> o.withTemperature(bad));
            assertRefused("top-p", o -> o.withTopP(bad));
            assertRefused("min-p", o -> o.withMinP(bad));
            assertRefused("repetition penalty", o -> o.withRepetitionPenalty(bad));
            assertRefused("presence penalty", o -> o.withPresencePenalty(30 * bad));
            assertRefused("frequency penalty", o -> o.withFrequencyPenalty(30 * bad));
        }
        assertRefused("top-k", o -> o.withTopK(-1));
        assertRefused("top-p", o -> o.withTopP(0));
        assertRefused("top-p", o -> o.withTopP(1.001f));
        assertRefused("min-p", o -> o.withMinP(1));
        assertRefused("repetition penalty", o -> o.withRepetitionPenalty(0));
        assertRefused("penalty window", o -> o.withPenaltyWindow(-1));
        assertRefused("penalty window", o -> o.withPenaltyWindow(Integer.MAX_VALUE));
        assertRefused("token of a logit bias", o -> o.withLogitBias(Map.of(-1, 0f)));
        assertRefused("logit bias of token 4", o -> o.withLogitBias(Map.of(4, Float.NaN)));
        assertRefused("logit bias of token 4", o -> o.withLogitBias(Map.of(4, Float.POSITIVE_INFINITY)));
    }

    @Test
    void eachChangeChangesItsValueAlone() {
        SamplingOptions o = SamplingOptions.neutral().withTemperature(0.1f).withTopK(2).withTopP(0.3f).withMinP(0.4f)
                .withRepetitionPenalty(5).withPresencePenalty(0.6f).withFrequencyPenalty(0.7f).withPenaltyWindow(8)
                .withLogitBias(Map.of(9, 9f)).withSeed(10);
        assertEquals(new SamplingOptions(0.1f, 2, 0.3f, 0.4f, 5, 0.6f, 0.7f, 8, Map.of(9, 9f), OptionalLong.of(10)), o);
        for (UnaryOperator<SamplingOptions> same : List.<UnaryOperator<SamplingOptions>>of(x -> x.withTemperature(0.1f),
                x -> x.withTopK(2), x -> x.withTopP(0.3f), x -> x.withMinP(0.4f), x -> x.withRepetitionPenalty(5),
                x -> x.withPresencePenalty(0.6f), x -> x.withFrequencyPenalty(0.7f), x -> x.withPenaltyWindow(8),
                x -> x.withLogitBias(Map.of(9, 9f)), x -> x.withSeed(10))) {
            assertEquals(o, same.apply(o));
        }
    }

    @Test
    void theBiasIsCopied() {
        Map<Integer, Float> bias = new HashMap<>(Map.of(1, 1f));
        SamplingOptions options = SamplingOptions.defaults().withLogitBias(bias);
        bias.put(2, 2f);
        assertEquals(Map.of(1, 1f), options.logitBias());
    }
}
