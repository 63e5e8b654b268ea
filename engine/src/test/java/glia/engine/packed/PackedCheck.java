package glia.engine.packed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.KernelNames;
import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.nio.file.Path;

/// Compares models with packed weights with the same models in F32.
final class PackedCheck {
    static final int[] IDS = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6};

    private PackedCheck() { }

    /// The logits of a prompt, of single tokens after it, and of all at once.
    private static float[] logits(Path path, String kernels, Precision precision) throws IOException {
        try (Model model = ModelLoader.load(path); Workers workers = new Workers(2); Engine engine = new Engine(model,
                KernelBackends.choose(kernels, workers).kernels(), precision, 1 << 24)) {
            float[] all = new float[2 * IDS.length * model.spec().vocabSize()];
            int at = 0;
            for (int step : new int[] {17, IDS.length}) {
                try (Sequence sequence = engine.open()) {
                    for (int i = 0; i < IDS.length;) {
                        int to = i == 0 ? step : i + 1;
                        engine.add(sequence, IDS, i, to, Outputs.ALL);
                        float[] some = engine.run().toArray();
                        System.arraycopy(some, 0, all, at, some.length);
                        at += some.length;
                        i = to;
                    }
                }
            }
            assertEquals(all.length, at);
            return all;
        }
    }

    static void assertClose(float[] expected, float[] found, double tolerance, String what) {
        for (int i = 0; i < expected.length; i++) {
            int at = i;
            assertEquals(expected[i], found[i], tolerance, () -> what + ", number " + at);
        }
    }

    /// Compares two models of the same numbers on every kernel backend.
    static void logits(Path packed, Path dense) throws IOException {
        float[] expected = logits(dense, "scalar", Precision.EXACT);
        for (String kernels : KernelNames.here()) {
            assertClose(expected, logits(packed, kernels, Precision.EXACT), 2e-5, kernels);
        }
        float[] fast = logits(packed, "scalar", Precision.FAST);
        assertClose(expected, fast, 0.5, "rounded activations");
        for (String kernels : KernelNames.here()) {
            // Sums in another order move single numbers to another step, and then more in the layers behind.
            assertClose(fast, logits(packed, kernels, Precision.FAST), 0.1, kernels);
        }
    }
}
