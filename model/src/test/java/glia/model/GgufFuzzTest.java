package glia.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.model.write.GgufModelWriter;
import glia.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every value in the metadata of GGUF files made of the golden checkpoints, replaced by hostile ones.
class GgufFuzzTest {
    private static final List<Object> HOSTILE = Arrays.asList(Mutations.MISSING, 0, -1, 1, 2, 3, 7, 100_000_001,
            1_000_000_000, Integer.MAX_VALUE, Integer.MIN_VALUE, 1L << 40, Long.MAX_VALUE, 0f, -1f, 0.5f, 1e38f, 1e-44f,
            Float.NaN, Float.POSITIVE_INFINITY, 1e308, 1e-308, "NaN", "yarn", "", true, false, new int[0],
            new int[] {1, 2, 3}, new int[] {-1, 1_000_000_000, 0, 5, 1, 1, 1, 1}, new int[100_000],
            new float[] {Float.NaN});

    @TempDir
    Path folder;

    @Test
    void aSampleOfMutationsIsRefusedOrLoads() throws Exception {
        assertEquals(List.of(), run(1, 3));
    }

    @Test
    @Tag("slow")
    void allMutationsAreRefusedOrLoad() throws Exception {
        assertEquals(List.of(), run(HOSTILE.size(), 1));
    }

    /// The mutations with a wrong outcome.
    ///
    /// @param perKey the number of hostile values for a key
    /// @param oneIn of so many keys, one is tried
    private List<String> run(int perKey, int oneIn) throws Exception {
        Random random = new Random(7);
        List<String> wrong = new ArrayList<>();
        int files = 0;
        for (Path golden : Mutations.goldens()) {
            Path whole = Files.createTempDirectory(folder, "golden").resolve("whole.gguf");
            if (!write(golden, whole)) {
                continue;
            }
            files++;
            Path mutated = folder.resolve("mutated.gguf");
            try (GgufCheckpoint file = GgufCheckpoint.open(whole)) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                for (String name : file.names()) {
                    tensors.put(name, file.tensor(name));
                }
                for (String key : file.metadata().keys()) {
                    int first = random.nextInt(HOSTILE.size());
                    if (key.startsWith("tokenizer.") || random.nextInt(oneIn) > 0) {
                        continue;
                    }
                    for (int i = 0; i < perKey; i++) {
                        Object hostile = HOSTILE.get((first + i) % HOSTILE.size());
                        Files.deleteIfExists(mutated);
                        GgufWriter.write(mutated, with(file.metadata(), key, hostile), tensors);
                        Mutations.load(mutated, Mutations.words(golden, List.of(key), hostile)).ifPresent(wrong::add);
                    }
                }
            }
        }
        assertTrue(files > 20);
        return wrong;
    }

    private static boolean write(Path golden, Path file) {
        try (Model model = ModelLoader.load(golden)) {
            GgufModelWriter.write(model, file, Optional.empty());
            return true;
        } catch (CheckpointException e) {
            return false;
        }
    }

    private static GgufMetadata with(GgufMetadata metadata, String key, Object hostile) throws CheckpointException {
        Map<String, Object> values = new LinkedHashMap<>();
        for (String name : metadata.keys()) {
            values.put(name, metadata.value(name));
        }
        if (hostile == Mutations.MISSING) {
            values.remove(key);
        } else {
            values.put(key, hostile);
        }
        return GgufMetadata.of(metadata.origin(), values);
    }
}
