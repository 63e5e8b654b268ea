package glia.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.spec.Parameters;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.ops.Compute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `RandomLlama` writes models of the requested shape.
class RandomLlamaTest {
    @TempDir
    Path folder;

    private Path write(String name, String type) throws CheckpointException {
        Path file = folder.resolve(name);
        RandomLlama.main(new String[] {file.toString(), "--shape", "tiny", "--type", type});
        return file;
    }

    private static Tensor tensor(Model model, int sublayer, Role role) {
        return Compute.stored(model.weights().get(Place.of(sublayer), role));
    }

    @Test
    void isALlamaOfTheTypesOfLlamaCpp() throws CheckpointException {
        try (Model model = ModelLoader.load(write("q4.gguf", "q4_0"))) {
            assertEquals("llama", model.spec().modelType());
            assertEquals(3, model.spec().numLayers());
            assertEquals(2L * 1000 * 256 + 256 + 3L * (2 * 256 + 2 * 256 * 256 + 2 * 128 * 256 + 3 * 512 * 256),
                    Parameters.count(model.spec()));
            assertEquals(DType.Q4_0, tensor(model, 1, Role.DOWN).dtype());
            assertEquals(DType.Q6_K, tensor(model, -1, Role.HEAD).dtype());
        }
        try (Model model = ModelLoader.load(write("q8.gguf", "q8_0"))) {
            assertEquals(DType.Q8_0, tensor(model, -1, Role.HEAD).dtype());
        }
    }

    @Test
    void isNormalAndDiffersFromRowToRow() throws CheckpointException {
        try (Model model = ModelLoader.load(write("f32.gguf", "f32"))) {
            Tensor up = tensor(model, 1, Role.UP);
            float[] values = new float[(int) up.size()];
            Decode.toFloats(up, 0, values, 0, values.length);
            double square = 0;
            int repeated = 0;
            for (int i = 0; i < values.length; i++) {
                square += (double) values[i] * values[i];
                repeated += i >= up.cols() && values[i] == values[i - up.cols()] ? 1 : 0;
            }
            assertEquals(0.02, Math.sqrt(square / values.length), 1e-3);
            assertTrue(repeated < 10, () -> "numbers repeat from row to row");
        }
    }

    @Test
    void isTheSameEachTime() throws IOException {
        assertEquals(-1, Files.mismatch(write("one.gguf", "q4_0"), write("other.gguf", "q4_0")));
    }

    @Test
    void rejectsUnknownOptions() {
        assertThrows(IllegalArgumentException.class, () -> write("x.gguf", "q9"));
        assertThrows(IllegalArgumentException.class,
                () -> RandomLlama.main(new String[] {folder.resolve("x").toString(), "--shape", "7b"}));
    }
}
