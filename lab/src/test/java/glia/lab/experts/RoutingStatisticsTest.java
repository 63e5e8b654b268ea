package glia.lab.experts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.inspect.ExpertLoad;
import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.lab.RoutingStatistics;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Counts of chosen experts and what is derived from them.
class RoutingStatisticsTest {
    private static final int[] TOKENS = {3, 8, 21, 40, 5, 6, 7, 11, 2};

    @Test
    void numbersOfALayer() {
        ExpertLoad even = new ExpertLoad(0, new long[] {5, 5, 5, 5});
        assertEquals(2, even.entropy(), 1e-12);
        assertEquals(1, even.imbalance(), 1e-12);
        ExpertLoad one = new ExpertLoad(0, new long[] {0, 12, 0});
        assertEquals(0, one.entropy(), 1e-12);
        assertEquals(3, one.imbalance(), 1e-12);
        assertEquals(1, one.mostChosen());
        assertEquals(2, one.numUnused());
        ExpertLoad uneven = new ExpertLoad(7, new long[] {2, 1, 1, 0});
        assertEquals(1.5, uneven.entropy(), 1e-12);
        assertEquals(2, uneven.imbalance(), 1e-12);
        assertEquals(0.25, uneven.share(2), 1e-12);
        ExpertLoad none = new ExpertLoad(0, new long[2]);
        assertEquals(0, none.entropy(), 1e-12);
        assertEquals(1, none.imbalance(), 1e-12);
    }

    /// @param layers that have experts
    @ParameterizedTest
    @CsvSource({"mixtral, '0,1,2,3', 4, 2", "llama4_text, '1,3', 4, 1", "glm4_moe, '1,2,3', 8, 2"})
    void everyTokenCountsInEachLayerHoweverItIsFed(String golden, String layers, int numExperts, int chosen)
            throws CheckpointException {
        try (Model model = ModelLoader.load(Path.of("../engine/src/test/resources/golden", golden));
                Workers workers = new Workers(1);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30)) {
            RoutingStatistics whole = RoutingStatistics.of(engine, TOKENS);
            assertEquals(Arrays.stream(layers.split(",")).map(Integer::valueOf).toList(),
                    whole.layers().stream().map(ExpertLoad::layer).toList());
            RoutingStatistics parts = RoutingStatistics.during(engine, () -> feed(engine));
            RoutingStatistics nothing = RoutingStatistics.during(engine, () -> { });
            for (int i = 0; i < whole.layers().size(); i++) {
                ExpertLoad layer = whole.layers().get(i);
                assertEquals(numExperts, layer.counts().length);
                assertEquals((long) chosen * TOKENS.length, layer.numChoices());
                assertArrayEquals(layer.counts(), parts.layers().get(i).counts());
                assertEquals(0, nothing.layers().get(i).numChoices());
            }
        }
    }

    private static void feed(Engine engine) {
        try (Sequence sequence = engine.open()) {
            for (int[] part : List.of(new int[] {0, 4}, new int[] {4, 5}, new int[] {5, TOKENS.length})) {
                engine.add(sequence, TOKENS, part[0], part[1], Outputs.LAST);
                engine.run();
            }
        }
    }

    @Test
    void aModelWithoutExpertsHasNoLayers() throws CheckpointException {
        try (Model model = ModelLoader.load(Path.of("../engine/src/test/resources/golden/llama"));
                Workers workers = new Workers(1);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30)) {
            assertEquals(List.of(), RoutingStatistics.of(engine, TOKENS).layers());
        }
    }
}
