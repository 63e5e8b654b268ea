package glia.lab.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Attention maps add up to 1 over the tokens that a head sees.
class AttentionMapsTest {
    private static final int[] IDS = {5, 9, 33, 2, 17, 8, 41};

    interface Use {
        void of(Engine engine);
    }

    static void with(String golden, Use use) throws Exception {
        Path folder = Path.of(AttentionMapsTest.class.getResource("/golden/" + golden + "/config.json").toURI())
                .getParent();
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(folder);
                Engine engine = new Engine(model, KernelBackends.choose("best", workers).kernels(), Precision.EXACT,
                        1 << 30)) {
            use.of(engine);
        }
    }

    /// The windows of gemma2 have 4 tokens.
    @ParameterizedTest
    @CsvSource({"llama, 0", "gemma2, 4", "mpt, 0", "bloom, 0", "gpt2, 0"})
    void everyTokenLooksAtWhatItSeesAndNowhereElse(String golden, int window) throws Exception {
        with(golden, engine -> {
            List<AttentionMaps.Map> maps = AttentionMaps.of(engine, IDS);
            assertEquals(engine.model().spec().numLayers(), maps.size());
            for (AttentionMaps.Map map : maps) {
                boolean slides = window > 0 && map.layer() % 2 == 0;
                assertTrue(map.mixer().contains("attention"), map.mixer());
                for (float[][] head : map.weights()) {
                    for (int n = 0; n < IDS.length; n++) {
                        double sum = 0;
                        for (int p = 0; p < IDS.length; p++) {
                            boolean visible = p <= n && (!slides || p > n - window);
                            assertEquals(visible, head[n][p] > 0, map.layer() + ": " + n + " at " + p);
                            sum += head[n][p];
                        }
                        assertEquals(1, sum, 1e-5);
                    }
                }
            }
        });
    }
}
