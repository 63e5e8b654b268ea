package glia.io.gguf;

import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.io.CheckpointException;
import glia.io.Fixtures;
import glia.tensor.DType;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Malformed files, each with one defect.
class GgufMalformedTest {
    private static final int STRING = GgufKind.STRING.ordinal();
    private static final int ARRAY = GgufKind.ARRAY.ordinal();

    @TempDir
    Path folder;

    private void refused(byte[] bytes, String... says) throws Exception {
        Path file = folder.resolve("lie.gguf");
        Files.write(file, bytes);
        CheckpointException e = assertThrows(CheckpointException.class, () -> GgufCheckpoint.open(file));
        Fixtures.assertSays(e, says);
        Fixtures.assertSays(e, file.toString());
    }

    private static GgufBytes value() {
        return new GgufBytes(3, 0, 1).string("k");
    }

    private static GgufBytes tensors(int count) {
        return new GgufBytes(3, count, 0);
    }

    @Test
    void beginnings() throws Exception {
        refused(new byte[0], "empty file");
        refused("GGML1234".getBytes(StandardCharsets.US_ASCII), "47 47 4d 4c");
        refused("GGUF".getBytes(StandardCharsets.US_ASCII), "found 0 bytes", "truncated");
        refused("<html>".getBytes(StandardCharsets.US_ASCII), "HTML");
        refused("version https://git-lfs.github.com/spec/v1".getBytes(StandardCharsets.US_ASCII), "git lfs pull");
        refused(new GgufBytes(1, 0, 0).withData(0), "version 1");
        refused(new GgufBytes(4, 0, 0).withData(0), "version 4");
        refused(new GgufBytes(3 << 24, 0, 0).withData(0), "big-endian", "version 3");
    }

    @Test
    void counts() throws Exception {
        refused(new GgufBytes(3, 1L << 40, 0).withData(0), "1099511627776 tensors");
        refused(new GgufBytes(3, -1, 0).withData(0), "18446744073709551615 tensors");
        refused(new GgufBytes(3, 0, 1L << 40).withData(0), "1099511627776 metadata values");
        refused(new GgufBytes(3, 0, -1).withData(0), "18446744073709551615 metadata values");
        refused(new GgufBytes(3, 0, 1).withData(0), "metadata values");
        refused(new GgufBytes(3, 0, 1).int64(1L << 60).withData(64), "1152921504606846976 bytes of text");
        refused(new GgufBytes(3, 0, 1).int64(-1).withData(64), "18446744073709551615 bytes");
        refused(new GgufBytes(3, 0, 1).string("k".repeat(70_000)).int32(0).raw(1).withData(64), "at most 65535");
        refused(value().int32(ARRAY).int32(0).int64(1L << 50).withData(64), "metadata key k",
                "1125899906842624 elements");
        refused(value().int32(ARRAY).int32(12).int64(100).withData(64), "metadata key k", "100 elements");
        refused(value().int32(ARRAY).int32(STRING).int64(1).int64(-1).withData(64), "metadata key k",
                "18446744073709551615 bytes");
        refused(value().int32(ARRAY).int32(STRING).int64(2).string("a").int64(1L << 32).withData(64), "metadata key k",
                "4294967296 bytes");
    }

    @Test
    void values() throws Exception {
        refused(value().int32(13).withData(32), "metadata key k", "kind 13");
        refused(value().int32(-1).withData(32), "metadata key k", "kind 4294967295");
        refused(value().int32(GgufKind.BOOL.ordinal()).raw(2).withData(32), "metadata key k", "flag 2");
        refused(value().int32(ARRAY).int32(7).int64(3).raw(0, 1, 9).withData(32), "metadata key k", "flag 9");
        refused(value().int32(STRING).int64(2).raw(0xC3, 0x28).withData(32), "metadata key k", "not UTF-8");
        refused(new GgufBytes(3, 0, 1).int64(1).raw(0xFF).int32(0).raw(1).withData(32), "not UTF-8");
        refused(new GgufBytes(3, 0, 2).value("k", 1).value("k", 2).withData(0), "metadata key k", "twice");
        GgufBytes deep = value().int32(ARRAY);
        for (int i = 0; i < 100_000; i++) {
            deep.raw(ARRAY, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
        }
        refused(deep.withData(32), "metadata key k", "nested more than 4 deep");
        for (Object alignment : new Object[] {0, 3, 48, 1 << 21, -32, "32"}) {
            refused(new GgufBytes(3, 0, 1).value("general.alignment", alignment).withData(0), "general.alignment");
        }
    }

    @Test
    void stringsOfArraysAreCheckedOnAccess() throws Exception {
        Path file = folder.resolve("text.gguf");
        Files.write(file, value().int32(ARRAY).int32(STRING).int64(1).int64(1).raw(0xFF).withData(0));
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
            Fixtures.assertSays(assertThrows(CheckpointException.class, () -> checkpoint.metadata().strings("k")),
                    "metadata key k", "not UTF-8");
        }
    }

    @Test
    void shapes() throws Exception {
        refused(tensors(1).tensor("w", DType.F32, 0, 1, 1, 1, 1, 1).withData(32), "tensor w", "5 dimensions");
        refused(tensors(1).string("w").int32(-1).withData(64), "tensor w", "4294967295 dimensions");
        refused(tensors(1).tensor("w", DType.F32, 0, -1).withData(32), "tensor w", "negative dimension");
        refused(tensors(1).tensor("w", DType.F32, 0, 1L << 31, 1L << 40).withData(32), "tensor w", "more elements");
        refused(tensors(1).tensor("w", DType.F32, 0, 1L << 30, 1L << 20).withData(32), "tensor w", "expected inside");
        refused(tensors(1).tensor("w", DType.F32, 0, 1L << 31, 0).withData(0), "tensor w", "at most 2147483647");
        refused(tensors(1).tensor("w", DType.Q4_0, 0, 31).withData(32), "tensor w", "multiple of 32");
        refused(tensors(1).tensor("w", DType.Q4_K, 0, 32, 8).withData(144), "tensor w", "multiple of 256");
        refused(tensors(1).tensor("w", DType.IQ2_XXS, 0, 128, 2).withData(96), "tensor w", "multiple of 256");
        refused(tensors(1).tensor("w", DType.NVFP4, 0, 32, 2).withData(64), "tensor w", "multiple of 64");
        refused(tensors(1).tensor("w", DType.IQ1_M, 0, 512).withData(96), "tensor w", "expected inside");
        refused(tensors(1).tensor("w", DType.IQ1_S, 0, 1L << 30, 1L << 20).withData(64), "tensor w", "expected inside");
        refused(tensors(1).tensor("w", 15, 0, 256).withData(320), "tensor w", "Q8_K");
        refused(tensors(1).tensor("w", 4, 0, 32).withData(96), "tensor w", "number 4");
        refused(tensors(1).tensor("w", 999, 0, 32).withData(96), "tensor w", "number 999");
        refused(Files.readAllBytes(Fixtures.path("unknown-type.gguf")), "tensor blk.0.w", "Q8_K");
    }

    @Test
    void places() throws Exception {
        refused(tensors(1).tensor("w", DType.F32, 0, 9).withData(32), "tensor w", "F32[9]", "its 32 bytes");
        refused(tensors(1).tensor("w", DType.F32, 32, 4).withData(64), "tensor w", "expected at byte 0");
        refused(tensors(1).tensor("w", DType.F32, -32, 4).withData(32), "tensor w", "beyond any file");
        refused(tensors(1).tensor("w", DType.F32, Long.MAX_VALUE - 31, 8).withData(32), "tensor w", "beyond any file");
        refused(tensors(2).tensor("a", DType.F32, 0, 8).tensor("b", DType.F32, 0, 8).withData(64), "overlap");
        refused(tensors(2).tensor("a", DType.F32, 0, 9).tensor("b", DType.F32, 32, 8).withData(96), "tensor b",
                "overlap", "where a ends");
        refused(tensors(2).tensor("a", DType.F32, 0, 8).tensor("b", DType.F32, 36, 7).withData(64), "tensor b",
                "expected at byte 32");
        refused(tensors(2).tensor("a", DType.F32, 0, 8).tensor("b", DType.F32, 64, 8).withData(96), "tensor b",
                "belong to no tensor");
        refused(tensors(2).tensor("a", DType.F32, 0, 8).tensor("a", DType.F32, 32, 8).withData(64), "tensor a",
                "twice");
        refused(tensors(1).tensor("w", DType.F32, 0, 8).withData(64), "32 bytes that belong to no tensor");
        byte[] cut = tensors(1).tensor("w", DType.F32, 0, 8).withData(32);
        refused(Arrays.copyOf(cut, cut.length - 1), "tensor w", "its 31 bytes", "truncated");
        refused(Arrays.copyOf(cut, 57), "tensor w", "its 0 bytes", "truncated");
        refused(Arrays.copyOf(cut, 40), "expected", "truncated");
    }

    @Test
    void headersAreLimitedInSize() throws Exception {
        Path file = folder.resolve("long.gguf");
        Files.write(file, value().int32(ARRAY).int32(0).int64(200_000_000).withData(0));
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(300_000_000);
        }
        Fixtures.assertSays(assertThrows(CheckpointException.class, () -> GgufCheckpoint.open(file)), "metadata key k",
                "200000000 elements", "100000000 bytes that a header may have");
    }
}
