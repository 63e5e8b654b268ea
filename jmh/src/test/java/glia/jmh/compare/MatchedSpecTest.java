package glia.jmh.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.spec.ModelSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MatchedSpecTest {
    @ParameterizedTest
    @ValueSource(ints = {65, 256})
    void parametersMatchWithinFivePercent(int vocab) throws CheckpointException {
        for (Architecture architecture : Architecture.values()) {
            for (Architecture.Size size : Architecture.Size.values()) {
                ModelSpec spec = MatchedSpec.of(architecture, size, vocab, 1024);
                long count = MatchedSpec.count(spec);
                assertTrue(Math.abs(count - size.parameters()) <= 0.05 * size.parameters(),
                        architecture + " " + size + ": " + count);
                assertEquals(size.layers(), spec.numLayers());
                assertEquals(2 * size.layers(), spec.sublayers().size());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void theCountIsThatOfTheTensors(Architecture architecture) throws CheckpointException {
        ModelSpec spec = MatchedSpec.of(architecture, Architecture.Size.SMALL, 65, 128);
        try (Model model = FreshModel.create(spec, 1)) {
            long sum = 0;
            for (String name : model.checkpoint().names()) {
                sum += model.checkpoint().tensor(name).size();
            }
            assertEquals(sum, MatchedSpec.count(spec));
        }
    }

    @Test
    void architecturesHaveDifferentMixers() throws CheckpointException {
        assertEquals(Architecture.values().length, java.util.Arrays.stream(Architecture.values()).map(a -> {
            try {
                return MatchedSpec.of(a, Architecture.Size.SMALL, 65, 128).sublayers().getFirst().mixer().describe();
            } catch (CheckpointException e) {
                throw new AssertionError(e);
            }
        }).distinct().count());
    }
}
