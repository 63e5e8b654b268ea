package glia.model.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufWriter;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.fresh.NewModels;
import glia.model.write.GgufModelWriter;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.ops.Weight;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NvFp4Test {
    private static final String UP = "blk.0.ffn_up";

    @TempDir
    Path folder;

    /// A model with one NVFP4 matrix and its scales.
    private Path write(Arena arena, Tensor matrix, float... scale) throws IOException {
        Path plain = folder.resolve("plain.gguf");
        Path file = folder.resolve("nvfp4.gguf");
        try (Model model = FreshModel.create(NewModels.config("llama",
                Map.of("hidden", 64, "layers", 1, "heads", 2, "mlp", 128, "vocab", 64)), 1)) {
            GgufModelWriter.write(model, plain, Optional.of(DType.F32));
        }
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(plain)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : checkpoint.names()) {
                tensors.put(name, name.equals(UP + ".weight") ? matrix : checkpoint.tensor(name));
            }
            tensors.put(UP + ".scale", Tensor.of(arena, scale, scale.length));
            tensors.put(UP + ".input_scale", Tensor.of(arena, new float[] {2}, 1));
            GgufWriter.write(file, checkpoint.metadata(), tensors);
        }
        return file;
    }

    private static Tensor random(Arena arena) {
        Random random = new Random(1);
        Tensor matrix = Tensor.allocate(arena, DType.NVFP4, 128, 64);
        for (long i = 0; i < matrix.sizeBytes(); i++) {
            Memory.i8(matrix.address() + i, random.nextInt(i % 36 < 4 ? 0x80 : 256));
        }
        Memory.i8(matrix.address(), 0x7f);
        return matrix;
    }

    @Test
    void theSecondScaleIsAFactorOfTheWholeMatrix() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Tensor matrix = random(arena);
            float[] blocks = Decode.widen(matrix, arena).toArray();
            try (Model model = ModelLoader.load(write(arena, matrix, 0.37f))) {
                List<Weight> packed = model.weights().all().values().stream()
                        .filter(w -> w instanceof Weight.Quantized).toList();
                assertEquals(1, packed.size());
                float[] found = packed.getFirst().toF32(arena).toArray();
                for (int i = 0; i < blocks.length; i++) {
                    assertEquals(0.37f * blocks[i], found[i], 1e-6 * Math.abs(blocks[i]), "value " + i);
                }
            }
        }
    }

    @Test
    void scalesOfAnotherShapeAreRefused() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Path file = write(arena, random(arena), 1, 2);
            assertTrue(assertThrows(CheckpointException.class, () -> ModelLoader.load(file).close()).getMessage()
                    .contains(UP + ".scale"));
        }
    }
}
