package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.write.GgufModelWriter;
import glia.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// GGUF files of hybrid models all of whose layers are recurrent.
class GgufRecurrentTest {
    @TempDir
    Path temporary;

    /// What files say of attention that no layer has may be 0, a list or missing. Lightning attention has heads.
    @ParameterizedTest
    @CsvSource({"qwen3_5_text, qwen35", "qwen3_next, qwen3next", "minimax, minimax-01"})
    void filesWithoutAnAttentionLayerLoad(String golden, String architecture) throws IOException {
        Config config = Config.read(GoldenTest.folder(golden).resolve("config.json")).with("num_hidden_layers", 2)
                .with("layer_types", List.of("linear_attention", "linear_attention"))
                .with("linear_attn_alpha_factor", 1);
        Path file = temporary.resolve("whole.gguf");
        try (Model made = FreshModel.create(config, 1)) {
            GgufModelWriter.write(made, file, Optional.empty());
        }
        Path old = temporary.resolve("old.gguf");
        boolean lightning = golden.equals("minimax");
        try (Model whole = ModelLoader.load(file); GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
            assertEquals(2, whole.spec().numLayers());
            for (Object heads : Arrays.asList(0, 4, new int[] {4, 4}, null)) {
                if (lightning && !Integer.valueOf(4).equals(heads)) {
                    write(old, checkpoint, Map.of(architecture + ".attention.head_count", 0));
                    String words = assertThrows(CheckpointException.class, () -> ModelLoader.load(old)).getMessage();
                    assertTrue(words.contains("head_count: found 0, but the file has blk.0.attn_output.weight"), words);
                    continue;
                }
                Map<String, Object> values = new HashMap<>();
                values.put(architecture + ".attention.head_count", heads);
                values.put(architecture + ".attention.head_count_kv", new int[] {0, 2});
                write(old, checkpoint, values);
                try (Model again = ModelLoader.load(old)) {
                    assertEquals(whole.spec().allSublayers(), again.spec().allSublayers());
                }
            }
        }
    }

    /// Writes a file again with other values of some keys, or without those that are null.
    private static void write(Path to, GgufCheckpoint from, Map<String, Object> values) throws IOException {
        Map<String, Object> all = from.metadata().values();
        all.putAll(values);
        all.values().removeIf(Objects::isNull);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : from.names()) {
            tensors.put(name, from.tensor(name));
        }
        Files.deleteIfExists(to);
        GgufWriter.write(to, GgufMetadata.of(to, all), tensors);
    }
}
