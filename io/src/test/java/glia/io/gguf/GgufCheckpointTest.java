package glia.io.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Fixtures;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufCheckpointTest {
    @TempDir
    Path folder;

    @Test
    void everyValueTypeOfAPythonFileIsRead() throws Exception {
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(Fixtures.path("kinds.gguf"))) {
            GgufMetadata metadata = checkpoint.metadata();
            assertEquals("llama", metadata.string("general.architecture"));
            assertEquals(255, metadata.integer("k.uint8"));
            assertEquals(-128, metadata.integer("k.int8"));
            assertEquals(65535, metadata.integer("k.uint16"));
            assertEquals(-32768, metadata.integer("k.int16"));
            assertEquals(4294967295L, metadata.integer("k.uint32"));
            assertEquals(Integer.MIN_VALUE, metadata.integer("k.int32"));
            assertEquals(-1L, metadata.raw("k.uint64"));
            Fixtures.assertSays(assertThrows(CheckpointException.class, () -> metadata.integer("k.uint64")),
                    "18446744073709551615");
            assertEquals(Long.MIN_VALUE, metadata.integer("k.int64"));
            assertEquals(1e-5f, metadata.real("k.float32"));
            assertEquals(0.1, metadata.real("k.float64"));
            assertTrue(metadata.flag("k.bool"));
            assertEquals("né 語 🙂", metadata.string("k.string"));
            assertArrayEquals(new String[] {"a", "né", "🙂"}, metadata.strings("k.strings"));
            assertArrayEquals(new int[] {1, -2, 3}, metadata.integers("k.integers"));
            assertArrayEquals(new float[] {0.5f, -0.25f}, metadata.floats("k.floats"));
            assertArrayEquals(new boolean[] {true, false, true}, metadata.flags("k.bools"));
            assertArrayEquals(new int[] {0, 200, 255}, metadata.integers("k.bytes"));
            assertEquals(64, metadata.integer("general.alignment"));
        }
    }

    @Test
    void everyTypeOfAPythonFileIsRead() throws Exception {
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(Fixtures.path("kinds.gguf"))) {
            assertTrue(checkpoint.tensor("t.f16").is(1, 2, 3));
            assertArrayEquals(new byte[] {0, 0, 0, 0x3C, 0, 0x40, 0, 0x42, 0, 0x44, 0, 0x45},
                    Fixtures.bytes(checkpoint.tensor("t.f16")));
            assertArrayEquals(new byte[] {0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0},
                    Fixtures.bytes(checkpoint.tensor("t.i32")));
            for (DType dtype : DType.values()) {
                // The package does not know Q2_0.
                if (dtype.isBlock() && dtype != DType.Q2_0) {
                    Tensor tensor = checkpoint.tensor("t." + dtype.name().toLowerCase(Locale.ROOT));
                    assertEquals(dtype, tensor.dtype());
                    assertTrue(tensor.is(2, 256));
                }
            }
            for (DType dtype : List.of(DType.Q2_K, DType.Q6_K, DType.MXFP4, DType.IQ4_NL, DType.IQ4_XS, DType.IQ3_S,
                    DType.IQ3_XXS, DType.IQ2_S, DType.IQ2_XS, DType.IQ2_XXS, DType.IQ1_M, DType.IQ1_S, DType.NVFP4,
                    DType.TQ2_0, DType.TQ1_0, DType.Q1_0)) {
                Tensor tensor = checkpoint.tensor("t." + dtype.name().toLowerCase(Locale.ROOT));
                assertArrayEquals(Fixtures.counting((int) dtype.bytes(512)), Fixtures.bytes(tensor), dtype.toString());
            }
            assertIsUpperHalf(checkpoint.tensor("t.bf16"), checkpoint.tensor("t.f32"));
        }
    }

    /// BF16 is the upper half of F32, rounded.
    private static void assertIsUpperHalf(Tensor bf16, Tensor f32) {
        byte[] bytes = Fixtures.bytes(bf16);
        for (int i = 0; i < f32.size(); i++) {
            int expected = Float.floatToRawIntBits(f32.get(i)) >>> 16;
            int found = (bytes[2 * i] & 0xFF) | (bytes[2 * i + 1] & 0xFF) << 8;
            assertTrue(found == expected || found == expected + 1, found + " is not " + expected);
        }
    }

    @Test
    void versionTwoIsReadToo() throws Exception {
        Path file = folder.resolve("two.gguf");
        Files.write(file, new GgufBytes(2, 1, 1).value("k", "x").tensor("w", DType.F32, 0, 2, 3).withData(24));
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
            assertTrue(checkpoint.tensor("w").is(3, 2));
            assertEquals("x", checkpoint.metadata().string("k"));
        }
    }

    @Test
    void aFileOfMetadataOnlyIsRead() throws Exception {
        GgufBytes bytes = new GgufBytes(3, 0, 1).value("k", List.of("a"));
        byte[] unpadded = Arrays.copyOf(bytes.withData(0), bytes.size());
        Path file = folder.resolve("vocabulary.gguf");
        Files.write(file, unpadded);
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
            assertEquals(Set.of(), checkpoint.names());
        }
    }

    @Test
    void splitModelsAreReadTogether() throws Exception {
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(Fixtures.path("split/m-00001-of-00003.gguf"))) {
            assertEquals(Set.of("t0", "t1", "t2", "t3", "t4"), checkpoint.names());
            for (int i = 0; i < 5; i++) {
                assertEquals(i, checkpoint.tensor("t" + i).get(3));
            }
            assertEquals("llama", checkpoint.metadata().string("general.architecture"));
        }
    }

    @Test
    void inconsistentShardsAreRefused() throws Exception {
        for (int i = 1; i <= 3; i++) {
            String name = "m-0000" + i + "-of-00003.gguf";
            Files.copy(Fixtures.path("split/" + name), folder.resolve(name));
        }
        Path first = folder.resolve("m-00001-of-00003.gguf");
        Path second = folder.resolve("m-00002-of-00003.gguf");
        Path third = folder.resolve("m-00003-of-00003.gguf");
        refused(second, "shard 00002 of 3", "m-00001-of-00003.gguf");
        Path alone = Files.copy(first, folder.resolve("alone.gguf"));
        refused(alone, "split.count", "3 shards", "expected 1");
        Files.move(third, folder.resolve("aside"));
        refused(first, "m-00003-of-00003.gguf", "missing", "shard 3 of 3");
        Files.copy(second, third);
        refused(first, "tensor t2", "twice", "m-00002-of-00003.gguf");
        GgufMetadata wrongNumber = GgufMetadata.of(third, Map.of("split.no", 1, "split.count", 3));
        GgufWriter.write(third, wrongNumber, Map.of());
        refused(first, "m-00003-of-00003.gguf", "split.no", "found 1, expected 2");
        GgufMetadata wrongCount = GgufMetadata.of(third, Map.of("split.no", 2, "split.count", 4));
        GgufWriter.write(third, wrongCount, Map.of());
        refused(first, "m-00003-of-00003.gguf", "split.count", "found 4, expected 3");
        GgufMetadata none = GgufMetadata.of(third, Map.of("split.no", 2, "split.count", 3));
        GgufWriter.write(third, none, Map.of());
        refused(first, "split.tensors.count", "found 4 tensors", "expected 5");
    }

    private static void refused(Path path, String... says) {
        Fixtures.assertSays(assertThrows(CheckpointException.class, () -> GgufCheckpoint.open(path).close()), says);
    }
}
