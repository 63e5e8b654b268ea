package glia.check.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.check.reference.CaseResult;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdapterFolder;
import glia.model.adapter.Adapters;
import glia.tensor.kernel.Workers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Adapters as PEFT writes them, and wrong ones. The numbers are compared by [glia.check.CaseGroupsTest].
class LoraCasesTest {
    private static final Path FEW = Path.of("src/test/resources/golden-training/lora");
    private static final Path GOLDENS = Path.of("../engine/src/test/resources/golden");

    private static final String TENSORS = "adapter_model.safetensors";

    @TempDir
    Path temporary;

    /// An adapter that PEFT wrote is written again with the same names and numbers.
    @Test
    void adaptersAreWrittenAsPeftWroteThem() throws Exception {
        for (String id : List.of("dora-rslora", "embedding", "lora-bias")) {
            Path again = temporary.resolve(id);
            try (Model model = ModelLoader.load(GOLDENS.resolve("llama"));
                    Adapters adapters = AdapterFolder.read(model, FEW.resolve(id))) {
                AdapterFolder.write(adapters, again, IfExists.FAIL);
            }
            try (SafetensorsCheckpoint before = SafetensorsCheckpoint.open(FEW.resolve(id).resolve(TENSORS));
                    SafetensorsCheckpoint after = SafetensorsCheckpoint.open(again.resolve(TENSORS))) {
                Set<String> names = new HashSet<>(before.names());
                names.removeIf(name -> name.endsWith(".base_layer.weight"));
                assertEquals(names, after.names());
                for (String name : names) {
                    assertArrayEquals(before.tensor(name).toArray(), after.tensor(name).toArray(), name);
                    assertArrayEquals(before.tensor(name).shape(), after.tensor(name).shape(), name);
                }
            }
            Config before = Config.read(FEW.resolve(id).resolve("adapter_config.json"));
            Config after = Config.read(again.resolve("adapter_config.json"));
            for (String key : after.keys()) {
                if (!key.equals("target_modules")) {
                    assertEquals(before.found(key), after.found(key), key);
                }
            }
            assertEquals(Set.of(before.strings("target_modules")), Set.of(after.strings("target_modules")));
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
        List<CaseResult> results = new ArrayList<>();
        try (Workers workers = new Workers(2)) {
            LoraCases.run(temporary, GOLDENS, KernelBackends.choose("scalar", workers).kernels(), results::add);
        }
        assertEquals(List.of("broken", "wrong"), results.stream().map(CaseResult::id).toList());
        assertTrue(results.get(0).error().contains("adapter_config.json: key r: found 0, expected"),
                results.get(0)::error);
        assertTrue(results.get(1).error().isEmpty() && !results.get(1).passes(), results.get(1)::toString);
    }
}
