package glia.io.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Fixtures;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
    @TempDir
    Path folder;

    private static Map<String, Tensor> all(Checkpoint checkpoint) throws Exception {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : checkpoint.names()) {
            tensors.put(name, checkpoint.tensor(name));
        }
        return tensors;
    }

    @Test
    void filesOfPythonAreReproducedByteForByte() throws Exception {
        for (String name : List.of("types.safetensors", "sharded/model-00001-of-00002.safetensors")) {
            Path copy = folder.resolve("copy.safetensors");
            try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(Fixtures.path(name))) {
                SafetensorsWriter.write(copy, all(checkpoint), checkpoint.metadata());
            }
            assertArrayEquals(Files.readAllBytes(Fixtures.path(name)), Files.readAllBytes(copy), name);
        }
    }

    @Test
    void aFileCanBeReplacedWhileItIsMapped() throws Exception {
        Path file = folder.resolve("x.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsWriter.write(file, Map.of("a", Tensor.of(arena, new float[] {1, 2, 3}, 3)), Map.of());
            try (SafetensorsCheckpoint old = SafetensorsCheckpoint.open(file)) {
                SafetensorsWriter.write(file, Map.of("a", Tensor.of(arena, new float[] {9}, 1)), Map.of());
                assertEquals(3, old.tensor("a").get(2));
                try (SafetensorsCheckpoint now = SafetensorsCheckpoint.open(file)) {
                    assertEquals(9, now.tensor("a").get(0));
                }
            }
        }
        assertOnly("x.safetensors");
    }

    @Test
    void shardsRespectTheSizeLimit() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (int i = 0; i < 5; i++) {
                tensors.put("t" + i, Tensor.of(arena, new float[] {i, i}, 2));
            }
            SafetensorsWriter.writeSharded(folder, tensors, Map.of("format", "pt"), 16);
            assertOnly("model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
                    "model-00003-of-00003.safetensors", "model.safetensors.index.json");
            try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(folder)) {
                assertEquals(tensors.keySet(), checkpoint.names());
                assertEquals(4, checkpoint.tensor("t4").get(1));
            }
            Fixtures.assertSays(assertThrows(CheckpointException.class,
                    () -> SafetensorsWriter.writeSharded(folder, tensors, Map.of(), 1000)), "index.json", "already");
        }
    }

    @Test
    void oneShardIsASingleFile() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsWriter.writeSharded(folder, Map.of("a", Tensor.allocate(arena, DType.F16, 0, 3)), Map.of(), 1);
        }
        assertOnly("model.safetensors");
    }

    @Test
    void unsupportedContentIsRefused() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            Path file = folder.resolve("x.safetensors");
            Tensor packed = Tensor.allocate(arena, DType.Q4_0, 32);
            Fixtures.assertSays(assertThrows(CheckpointException.class,
                    () -> SafetensorsWriter.write(file, Map.of("w", packed), Map.of())), "tensor w", "Q4_0");
            Tensor plain = Tensor.allocate(arena, DType.F32, 1);
            assertThrows(CheckpointException.class,
                    () -> SafetensorsWriter.write(file, Map.of("__metadata__", plain), Map.of()));
            Fixtures.assertSays(assertThrows(CheckpointException.class, () -> SafetensorsWriter.write(
                    folder.resolve("no/x.safetensors"), Map.of("w", plain), Map.of())), "no folder");
        }
        assertOnly();
    }

    private void assertOnly(String... names) throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(names), files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }
}
