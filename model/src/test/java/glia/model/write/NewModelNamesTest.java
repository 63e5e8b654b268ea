package glia.model.write;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.io.Config;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.FreshModel;
import glia.model.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// New models are saved with the tensors that Transformers saves for the same config, so it finds each of them.
class NewModelNamesTest {
    private static final Path GOLDEN = Path.of("../engine/src/test/resources/golden");

    static List<String> folders() throws IOException {
        try (Stream<Path> all = Files.list(GOLDEN)) {
            return all.filter(p -> Files.exists(p.resolve("model.safetensors"))).map(p -> p.getFileName().toString())
                    .sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    void tensorsAreThoseOfTheReference(String name, @TempDir Path temporary) throws IOException {
        Path folder = temporary.resolve("model");
        try (Model made = FreshModel.create(Config.read(GOLDEN.resolve(name).resolve("config.json")), 1)) {
            ModelWriter.write(made, folder);
        }
        assertEquals(String.join("\n", shapes(GOLDEN.resolve(name))), String.join("\n", shapes(folder)));
    }

    private static List<String> shapes(Path folder) throws IOException {
        Map<String, String> shapes = new TreeMap<>();
        try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(folder.resolve("model.safetensors"))) {
            for (String tensor : file.names()) {
                // Transformers derives MiniMax's decays and the hashes of n-grams from the config. Diffusion Gemma's
                // tower is not made, nor are unread matrices of LongCat's experts that return their input and unread
                // scales of Gemma 3n.
                if (!tensor.matches(".*\\.self_attn\\.(slope_rate|(query|key|diagonal)_decay)"
                        + "|.*\\.ple_embedding\\.(layer_multipliers|ngram_heads_(vocab_sizes|offsets))"
                        + "|model\\.encoder\\.(vision_tower|embed_vision)\\..*")
                        && !(folder.endsWith("longcat_flash") && tensor.matches(".*\\.experts\\.[567]\\..*"))
                        && !(folder.endsWith("gemma3n_unscaled") && tensor.endsWith("correct_output_scale"))) {
                    // Transformers saves Kimi Linear's dense layers under both names; published files have "mlp".
                    String name = tensor.replaceFirst("\\.block_sparse_moe(\\.\\w+_proj\\.weight)$", ".mlp$1");
                    shapes.put(name, Arrays.toString(file.tensor(tensor).shape()));
                }
            }
        }
        return shapes.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList();
    }
}
