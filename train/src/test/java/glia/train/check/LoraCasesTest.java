package glia.train.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Adapters against PEFT; all cases where `GLIA_SHARED` is set, else a few.
class LoraCasesTest {
    private static final Path FEW = Path.of("src/test/resources/golden-training/lora");
    private static final Path GOLDENS = Path.of("../engine/src/test/resources/golden");

    @TempDir
    Path temporary;

    private static List<CaseResult> run(Path folder, Path goldens, String backend) throws Exception {
        List<CaseResult> results = new ArrayList<>();
        try (Workers workers = new Workers(2)) {
            new LoraCases().run(folder, goldens, KernelBackends.choose(backend, workers).kernels(), results::add);
        }
        return results;
    }

    @Test
    void agreesWithTheReference() throws Exception {
        Optional<Path> shared = Optional.ofNullable(System.getenv("GLIA_SHARED")).map(Path::of);
        Path folder = shared.map(s -> s.resolve("golden-training/lora")).filter(Files::isDirectory).orElse(FEW);
        Path goldens = shared.map(s -> s.resolve("golden")).filter(Files::isDirectory).orElse(GOLDENS);
        for (String backend : List.of("best", "scalar")) {
            List<CaseResult> results = run(folder, goldens, backend);
            assertTrue(results.stream().allMatch(CaseResult::passes),
                    () -> results.stream().filter(r -> !r.passes()).toList().toString());
            assertTrue(results.size() >= 3);
        }
    }

    /// A wrong adapter fails by its numbers, a broken one by an error.
    @Test
    void differencesAndErrorsAreReported() throws Exception {
        for (String id : List.of("wrong", "broken")) {
            Path folder = Files.createDirectory(temporary.resolve(id));
            for (String name : List.of("adapter_config.json", "adapter_model.safetensors", "expected.safetensors")) {
                Files.copy(FEW.resolve("dora-rslora").resolve(name), folder.resolve(name));
            }
            Path config = folder.resolve("adapter_config.json");
            String text = Files.readString(config);
            Files.writeString(config, id.equals("wrong") ? text.replace("\"use_rslora\": true", "\"use_rslora\": false")
                    : text.replace("\"r\": 3", "\"r\": 0"));
        }
        List<CaseResult> results = run(temporary, GOLDENS, "scalar");
        assertEquals(List.of("broken", "wrong"), results.stream().map(CaseResult::id).toList());
        assertTrue(results.get(0).error().contains("adapter_config.json: key r: found 0, expected"),
                results.get(0)::error);
        assertTrue(results.get(1).error().isEmpty() && !results.get(1).passes(), results.get(1)::toString);
    }
}
