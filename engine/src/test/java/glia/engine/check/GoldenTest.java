package glia.engine.check;

import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.Engine;
import glia.engine.KernelNames;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.Precision;

import glia.tensor.kernel.Workers;
import glia.tensor.kernel.choice.KernelSets;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Tiny checkpoints of each family against what Hugging Face's Transformers compute from them.
class GoldenTest {
    static Stream<String> cases() {
        return Stream.of("gpt2", "llama", "llama2", "smollm3", "mistral", "qwen2", "qwen3", "gemma3_text",
                // less usual settings: scaled rotation, biases, windows from a layer on, odd widths
                "gemma3_rope", "gpt2_odd", "llama_yarn", "qwen2_sliding", "smollm3_int2")
                .flatMap(family -> KernelNames.here().stream().map(kernels -> family + " " + kernels));
    }

    static Path folder(String family) {
        try {
            return Path.of(GoldenTest.class.getResource("/golden/" + family + "/config.json").toURI()).getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheReference(String familyAndKernels) throws CheckpointException {
        String[] words = familyAndKernels.split(" ");
        Path folder = folder(words[0]);
        List<CheckLine> lines = new ArrayList<>();
        try (Workers workers = new Workers(2);
                Model model = ModelLoader.load(folder);
                Engine engine = new Engine(model, KernelSets.choose(words[1], workers).kernels(), Precision.EXACT,
                        1 << 30)) {
            ModelCheck.run(folder, engine, lines::add);
        }
        assertTrue(lines.size() >= 8, lines::toString);
        for (CheckLine line : lines) {
            assertTrue(line.passed(), line::toString);
        }
    }
}
