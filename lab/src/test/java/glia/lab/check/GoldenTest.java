package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.KernelNames;
import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Tiny checkpoints of each family against what Hugging Face's Transformers compute from them.
class GoldenTest {
    /// Every folder of the test's resources; besides one or two a family there are less usual settings: scaled
    /// rotation, biases, windows from a layer on, odd widths. `-Dglia.goldens=PATTERN` chooses some.
    static List<String> folders() {
        try (Stream<Path> folders = Files.list(folder("llama").getParent())) {
            return folders.map(f -> f.getFileName().toString())
                    .filter(f -> f.matches(System.getProperty("glia.goldens", ".*"))).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<String> cases() {
        return folders().stream().flatMap(f -> KernelNames.here().stream().map(kernels -> f + " " + kernels));
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
                Engine engine = new Engine(model, KernelBackends.choose(words[1], workers).kernels(), Precision.EXACT,
                        1 << 30)) {
            ModelCheck.run(folder, engine, lines::add);
        }
        assertTrue(lines.size() >= 4, lines::toString);
        for (CheckLine line : lines) {
            assertTrue(line.passed(), line::toString);
        }
    }
}
