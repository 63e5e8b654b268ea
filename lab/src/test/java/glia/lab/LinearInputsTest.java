package glia.lab;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.model.spec.Parameter;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.write.ImportanceMatrix;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LinearInputsTest {
    private static final int TOKENS = 40;

    private static Map<Parameter, float[]> means(Model model, int limit) {
        int[] ids = new int[TOKENS];
        for (int i = 0; i < TOKENS; i++) {
            ids[i] = i * 7 % 50;
        }
        try (Workers workers = new Workers(1); Engine engine = new Engine(model,
                KernelBackends.choose("scalar", workers).kernels(), Precision.EXACT, 1 << 24)) {
            ImportanceMatrix matrix = LinearInputs.of(engine, ids, -1, limit, (done, total) -> { });
            return matrix.parameters();
        }
    }

    /// The input of the first attention is the norm of the embeddings.
    @Test
    void theFirstLayersInputIsTheNormedEmbedding() throws Exception {
        try (Model model = FreshModel.create(NewModels.config("llama", Map.of("hidden", 32, "layers", 2, "heads", 2,
                "vocab", 50)), 3); Arena arena = Arena.ofConfined()) {
            Map<Parameter, float[]> means = means(model, 0);
            Tensor table = Decode.widen(((Weight.Stored) model.weights().get(Parameter.of(Role.EMBEDDING))).tensor(),
                    arena);
            double[] expected = new double[32];
            for (int i = 0; i < TOKENS; i++) {
                double squares = 0;
                for (int c = 0; c < 32; c++) {
                    squares += Math.pow(table.get(i * 7 % 50 * 32L + c), 2) / 32;
                }
                for (int c = 0; c < 32; c++) {
                    expected[c] += Math.pow(table.get(i * 7 % 50 * 32L + c), 2) / (squares + 1e-5) / TOKENS;
                }
            }
            float[] found = means.get(new Parameter(Place.of(0), Role.QUERY));
            for (int c = 0; c < 32; c++) {
                assertEquals(expected[c], found[c], 1e-4 * expected[c]);
            }
            assertArrayEquals(found, means.get(new Parameter(Place.of(0), Role.VALUE)));
            assertFalse(means.containsKey(Parameter.of(Role.EMBEDDING)));
            assertEquals(2 * 7, means.size());
        }
    }

    @Test
    void expertsHaveTheirOwnInputs() throws Exception {
        try (Model model = FreshModel.create(NewModels.config("mixtral", Map.of("hidden", 32, "layers", 1, "heads", 2,
                "vocab", 50, "experts", 4, "mlp", 64)), 3)) {
            Map<Parameter, float[]> means = means(model, 1);
            int experts = 0;
            for (int x = 0; x < 4; x++) {
                float[] up = means.get(new Parameter(Place.of(1), Role.UP, x));
                float[] down = means.get(new Parameter(Place.of(1), Role.DOWN, x));
                if (up != null) {
                    experts++;
                    assertArrayEquals(up, means.get(new Parameter(Place.of(1), Role.GATE, x)));
                    assertEquals(64, down.length);
                }
            }
            assertTrue(experts >= 2, "experts with tokens: " + experts);
        }
    }
}
