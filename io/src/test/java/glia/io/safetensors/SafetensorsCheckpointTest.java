package glia.io.safetensors;

import static glia.io.safetensors.SafetensorsBytes.entry;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Fixtures;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsCheckpointTest {
    @TempDir
    Path folder;

    @Test
    void everyTypeOfAPythonFileIsRead() throws Exception {
        try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(Fixtures.path("types.safetensors"))) {
            assertEquals(Map.of("note", "a \"quoted\"\ttext, né 語"), checkpoint.metadata());
            for (DType dtype : DType.values()) {
                if (SafetensorsWriter.SafetensorsTypes.order(dtype) >= 0 && dtype != DType.BOOL) {
                    Tensor tensor = checkpoint.tensor("all." + dtype.name().toLowerCase(Locale.ROOT));
                    assertEquals(dtype, tensor.dtype());
                    assertTrue(tensor.is(2, 3));
                    assertArrayEquals(Fixtures.counting(6 * dtype.blockBytes()), Fixtures.bytes(tensor));
                }
            }
            assertArrayEquals(new byte[] {1, 0, 1}, Fixtures.bytes(checkpoint.tensor("flags")));
            assertEquals(1.5f, checkpoint.tensor("one").get(0));
            assertEquals(0, checkpoint.tensor("one").rank());
            assertTrue(checkpoint.tensor("empty").is(0, 7));
            assertArrayEquals(new byte[] {42}, Fixtures.bytes(checkpoint.tensor("odd \" \\ \n né 語")));
            assertEquals(16, checkpoint.names().size());
            assertEquals(Files.size(Fixtures.path("types.safetensors")), checkpoint.sizeBytes());
        }
    }

    @Test
    void shardsAreReadTogether() throws Exception {
        Path sharded = Fixtures.path("sharded");
        for (Path path : List.of(sharded, sharded.resolve("model.safetensors.index.json"))) {
            try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(path)) {
                assertEquals(Set.of("a.weight", "b.weight", "c.weight"), checkpoint.names());
                assertArrayEquals(Fixtures.counting(8), Fixtures.bytes(checkpoint.tensor("c.weight")));
                assertEquals(Map.of("format", "pt"), checkpoint.metadata());
            }
        }
    }

    @Test
    void aMissingTensorIsReportedWithSimilarNames() throws Exception {
        try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(Fixtures.path("sharded"))) {
            Fixtures.assertSays(assertThrows(CheckpointException.class, () -> checkpoint.tensor("d.weight")),
                    "tensor d.weight", "a.weight");
        }
    }

    @Test
    void unalignedOffsetsAreFine() throws Exception {
        Path file = folder.resolve("x.safetensors");
        Files.write(file, SafetensorsBytes.of("{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("b", "F32", "[1]", 1, 5)
                + "}", 5));
        try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(file)) {
            assertEquals(Float.intBitsToFloat(0x04030201), checkpoint.tensor("b").get(0));
        }
    }

    @Test
    void memoryIsUnmappedAfterClose() throws Exception {
        SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(Fixtures.path("types.safetensors"));
        Tensor tensor = checkpoint.tensor("one");
        checkpoint.close();
        checkpoint.close();
        assertThrows(IllegalStateException.class, () -> tensor.get(0));
    }

    static List<Arguments> lies() {
        String good = entry("a", "F32", "[2]", 0, 8);
        return List.of(
                Arguments.of("{" + entry("a", "F32", "[3]", 0, 12) + "}", 8, "tensor a", "[0, 12)"),
                Arguments.of("{" + entry("a", "F32", "[2]", 8, 0) + "}", 8, "tensor a", "[8, 0)"),
                Arguments.of("{" + entry("a", "F32", "[2]", -8, 0) + "}", 8, "tensor a", "[-8, 0)"),
                Arguments.of("{" + entry("a", "F32", "[1]", 0, 8) + "}", 8, "tensor a", "expected 4 bytes"),
                Arguments.of("{" + good + "}", 9, "byte", "belong to no tensor"),
                Arguments.of("{" + good + "," + entry("b", "F32", "[1]", 4, 8) + "}", 8, "tensor b", "overlap"),
                Arguments.of("{" + good + "," + entry("b", "F32", "[1]", 9, 13) + "}", 13, "tensor b",
                        "the bytes between"),
                Arguments.of("{" + entry("b", "F32", "[1]", 1, 5) + "}", 5, "tensor b", "expected at byte 0"),
                Arguments.of("{" + good + "," + good + "}", 8, "tensor a", "twice"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
                        "tensor a", "dtype twice"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "tensor a", "lacks data_offsets"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}", 8, "tensor a",
                        "unknown field x"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8, "tensor a",
                        "3 data_offsets"),
                Arguments.of("{" + entry("a", "Q9", "[2]", 0, 8) + "}", 8, "tensor a", "type Q9"),
                Arguments.of("{" + entry("a", "F32", "[-2]", 0, 8) + "}", 8, "tensor a", "negative dimension -2"),
                Arguments.of("{" + entry("a", "F32", "[2.0]", 0, 8) + "}", 8, "tensor a", "shape"),
                Arguments.of("{" + entry("a", "F32", "[4294967296,4294967296]", 0, 8) + "}", 8, "tensor a",
                        "more elements"),
                Arguments.of("{" + entry("a", "F32", "[4611686018427387904,8,0]", 0, 8) + "}", 8, "tensor a",
                        "more elements"),
                Arguments.of("{" + entry("a", "F32", "[99999999999999999999]", 0, 8) + "}", 8, "header", "JSON"),
                Arguments.of("{" + entry("a", "F32", "[" + "1,".repeat(40) + "2]", 0, 8) + "}", 8, "tensor a", "shape"),
                Arguments.of("{\"a\":" + "[".repeat(100_000) + "}", 8, "tensor a", "a list, expected an object"),
                Arguments.of("{" + good + "} x", 8, "header", "JSON"),
                Arguments.of("{" + good + "}{}", 8, "header", "goes on"),
                Arguments.of("{" + good, 8, "header", "JSON"),
                Arguments.of("{\"__metadata__\":{\"k\":1}," + good + "}", 8, "__metadata__ k", "a string"),
                Arguments.of("{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}," + good + "}", 8, "__metadata__ k", "twice"),
                Arguments.of(" {" + good + "}", 8, "byte 8", "begins with {"),
                Arguments.of("[" + good + "]", 8, "byte 8", "begins with {"));
    }

    @ParameterizedTest
    @MethodSource("lies")
    void malformedHeadersAreRefused(String header, int numDataBytes, String where, String problem) throws Exception {
        refused(SafetensorsBytes.of(header, numDataBytes), where, problem);
    }

    @Test
    void falseLengthsAreRefused() throws Exception {
        byte[] empty = {'{', '}'};
        refused(new byte[0], "byte 0", "empty file");
        refused(new byte[] {1, 2, 3}, "byte 0", "3 bytes in all");
        refused(SafetensorsBytes.of(0, new byte[0], 0), "byte 0", "not 0");
        refused(SafetensorsBytes.of(100_000_001, empty, 0), "byte 0", "not 100000001");
        refused(SafetensorsBytes.of(-1, empty, 0), "byte 0", "not 18446744073709551615");
        refused(SafetensorsBytes.of(3, empty, 0), "byte 8", "truncated");
        refused(SafetensorsBytes.of(99_999_999, empty, 0), "byte 8", "truncated");
        refused(SafetensorsBytes.of(8, new byte[] {'{', '"', (byte) 0xC3, '"', ':', '{', '}', '}'}, 0), "header",
                "UTF-8");
    }

    @Test
    void otherFormatsAreNamed() throws Exception {
        refused("version https://git-lfs.github.com/spec/v1\noid sha256:0\n".getBytes(StandardCharsets.UTF_8),
                "byte 0", "git lfs pull");
        refused("<!DOCTYPE html><html></html>".getBytes(StandardCharsets.UTF_8), "byte 0", "HTML");
        refused("PK\3\4..............".getBytes(StandardCharsets.UTF_8), "byte 0", "zip archive");
    }

    private void refused(byte[] bytes, String... says) throws Exception {
        Path file = folder.resolve("lie.safetensors");
        Files.write(file, bytes);
        CheckpointException e = assertThrows(CheckpointException.class, () -> SafetensorsCheckpoint.open(file));
        Fixtures.assertSays(e, says);
        Fixtures.assertSays(e, file.toString());
    }

    @Test
    void anEmptyHeaderIsACheckpointWithoutTensors() throws Exception {
        Path file = folder.resolve("none.safetensors");
        Files.write(file, SafetensorsBytes.of("{}      ", 0));
        try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.open(file)) {
            assertEquals(Set.of(), checkpoint.names());
            assertThrows(CheckpointException.class, () -> checkpoint.tensor("a"));
        }
    }
}
