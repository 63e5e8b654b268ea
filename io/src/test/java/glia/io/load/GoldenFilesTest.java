package glia.io.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.io.Config;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Reads and rewrites all reference checkpoints in the folder of the environment variable GLIA_SHARED.
class GoldenFilesTest {
    @TempDir
    Path folder;

    @Test
    void everyCheckpointIsReproducedByteForByte() throws Exception {
        String shared = System.getenv("GLIA_SHARED");
        assumeTrue(shared != null, "set GLIA_SHARED to the folder of reference checkpoints to run this test");
        List<Path> files;
        try (Stream<Path> all = Files.walk(Path.of(shared, "golden"))) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        int numCheckpoints = 0;
        for (Path file : files) {
            String name = file.getFileName().toString();
            if (name.equals("config.json")) {
                assertTrue(Config.read(file).has("model_type"), file.toString());
            } else if (name.endsWith(".safetensors")) {
                rewrite(file);
                numCheckpoints++;
            }
        }
        assertTrue(numCheckpoints > 0, "no checkpoints in " + shared);
    }

    private void rewrite(Path file) throws Exception {
        Path copy = folder.resolve("copy.safetensors");
        try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(file)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : checkpoint.names()) {
                tensors.put(name, checkpoint.tensor(name));
            }
            SafetensorsWriter.write(copy, tensors, checkpoint.metadata());
        }
        assertEquals(-1, Files.mismatch(file, copy), file.toString());
    }
}
