package glia.io.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTest {
    @TempDir
    Path folder;

    private Path rewrite(Path from) throws Exception {
        Path copy = folder.resolve("copy.gguf");
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(from)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : checkpoint.names()) {
                tensors.put(name, checkpoint.tensor(name));
            }
            GgufWriter.write(copy, checkpoint.metadata(), tensors);
        }
        return copy;
    }

    @Test
    void filesOfPythonAreReproducedByteForByte() throws Exception {
        Path original = Fixtures.path("kinds.gguf");
        assertArrayEquals(Files.readAllBytes(original), Files.readAllBytes(rewrite(original)));
    }

    @Test
    void everyTypeIsReadBack() throws Exception {
        Map<String, Object> values = new LinkedHashMap<>();
        for (GgufKind kind : GgufKind.values()) {
            if (kind.isInteger()) {
                values.put("one." + kind, GgufValue.of(kind, 100));
                values.put("list." + kind, GgufValue.list(kind, new int[] {0, 1, 127}));
            }
        }
        values.put("lists", new Object[] {new int[] {1, 2}, new String[] {"x"}, new Object[] {new float[0]}});
        values.put("doubles", new double[] {0.1, Double.NaN});
        values.put("flags", new boolean[] {true, false});
        values.put("empty", List.of());
        values.put("", "");
        Path file = folder.resolve("kinds.gguf");
        GgufWriter.write(file, GgufMetadata.of(file, values), Map.of());
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
            GgufMetadata metadata = checkpoint.metadata();
            assertEquals(List.copyOf(values.keySet()), List.copyOf(metadata.keys()));
            for (GgufKind kind : GgufKind.values()) {
                if (kind.isInteger()) {
                    assertEquals(kind, metadata.value("one." + kind).kind());
                    assertEquals(100, metadata.integer("one." + kind));
                    assertArrayEquals(new int[] {0, 1, 127}, metadata.integers("list." + kind));
                }
            }
            assertEquals("ARRAY of 3 ARRAY", metadata.value("lists").toString());
            assertArrayEquals(new double[] {0.1, Double.NaN}, (double[]) metadata.raw("doubles"));
            assertArrayEquals(new boolean[] {true, false}, metadata.flags("flags"));
            assertEquals(0, metadata.strings("empty").length);
        }
        byte[] once = Files.readAllBytes(file);
        assertArrayEquals(once, Files.readAllBytes(rewrite(file)));
    }

    @Test
    void tensorsOfOddSizesAreReadBack() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("odd", Tensor.of(arena, new float[] {1, 2, 3}, 3));
            tensors.put("scalar", Tensor.of(arena, new float[] {7}));
            tensors.put("none", Tensor.allocate(arena, DType.F16, 3, 0));
            tensors.put("deep", Tensor.allocate(arena, DType.I8, 2, 3, 5, 7));
            tensors.put("packed", Tensor.allocate(arena, DType.Q5_1, 3, 64));
            Path file = folder.resolve("t.gguf");
            GgufWriter.write(file, GgufMetadata.of(file, Map.of("general.alignment", 8)), tensors);
            try (GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
                assertEquals(List.copyOf(tensors.keySet()), List.copyOf(checkpoint.names()));
                for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
                    Tensor found = checkpoint.tensor(entry.getKey());
                    assertTrue(found.is(entry.getValue().shape()), entry.getKey());
                    assertEquals(entry.getValue().dtype(), found.dtype());
                    assertArrayEquals(Fixtures.bytes(entry.getValue()), Fixtures.bytes(found));
                }
            }
        }
    }

    @Test
    void unsupportedContentIsRefused() throws Exception {
        Path file = folder.resolve("x.gguf");
        GgufMetadata none = GgufMetadata.of(file, Map.of());
        try (Arena arena = Arena.ofConfined()) {
            Fixtures.assertSays(refused(file, "w", Tensor.allocate(arena, DType.F8_E4M3, 1)), "tensor w", "F8_E4M3");
            Fixtures.assertSays(refused(file, "w", Tensor.allocate(arena, DType.F32, 1, 1, 1, 1, 1)), "5 dimensions");
            Fixtures.assertSays(refused(file, "w".repeat(64), Tensor.allocate(arena, DType.F32, 1)), "64 bytes");
        }
        assertThrows(CheckpointException.class, () -> GgufWriter.write(file,
                GgufMetadata.of(file, Map.of("general.alignment", 33)), Map.of()));
        assertThrows(CheckpointException.class, () -> GgufWriter.write(folder, none, Map.of()));
        assertFalse(Files.exists(file));
    }

    private static CheckpointException refused(Path file, String name, Tensor tensor) {
        return assertThrows(CheckpointException.class,
                () -> GgufWriter.write(file, GgufMetadata.of(file, Map.of()), Map.of(name, tensor)));
    }
}
