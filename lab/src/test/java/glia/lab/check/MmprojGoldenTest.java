package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.io.gguf.GgufCheckpoint;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.write.GgufModelWriter;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Models with encoders of pictures as a GGUF file and a `mmproj` file: the logits are those of the reference.
class MmprojGoldenTest {
    @TempDir
    Path folder;

    private static Path golden(String name) throws URISyntaxException {
        return Path.of(MmprojGoldenTest.class.getResource("/golden-pictures/" + name + "/config.json").toURI())
                .getParent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gemma3", "gemma4_clipped", "gemma4_mutual", "glm4v", "internvl", "kimi_k25", "llama4",
        "llava", "llava_next", "llava_next_layers", "llava_siglip", "mistral3", "qwen2_5_vl", "qwen2_vl",
        "qwen3_vl", "smolvlm"})
    void agreesWithTheReference(String name) throws IOException, URISyntaxException {
        Path file = folder.resolve("model.gguf");
        try (Model model = ModelLoader.load(golden(name))) {
            GgufModelWriter.write(model, file, Optional.empty());
        }
        try (GgufCheckpoint encoder = GgufCheckpoint.open(folder.resolve("mmproj-model.gguf"))) {
            assertEquals("clip", encoder.metadata().string("general.architecture"));
            assertTrue(encoder.names().contains("v.patch_embd.weight"));
        }
        Files.copy(golden(name).resolve("config.json"), folder.resolve("config.json"));
        try (SafetensorsCheckpoint from = SafetensorsCheckpoint.open(golden(name).resolve("expected.safetensors"))) {
            Map<String, Tensor> logits = new LinkedHashMap<>();
            for (String tensor : from.names()) {
                // Gradients have the names of the hub's tensors.
                if (!tensor.startsWith("grad.")) {
                    logits.put(tensor, from.tensor(tensor));
                }
            }
            SafetensorsWriter.write(folder.resolve("expected.safetensors"), logits, Map.of());
        }
        List<CheckLine> lines = new ArrayList<>();
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(folder);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30)) {
            assertEquals(1, model.spec().towers().size());
            ModelCheck.run(folder, engine, lines::add);
        }
        assertTrue(lines.size() >= 4, lines::toString);
        for (CheckLine line : lines) {
            assertTrue(line.passed(), line::toString);
        }
    }
}
