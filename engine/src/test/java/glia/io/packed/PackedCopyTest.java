package glia.io.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.kernels.emitted.EmittedKernels;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is kept is found again bit by bit, and nothing else is ever found.
class PackedCopyTest {
    private static final int ROWS = 8192;
    private static final int COLS = 4096;
    private static final String FORM = "Q8_0/1";

    @TempDir Path folder;
    private final Arena arena = Arena.ofShared();
    private boolean isSound = true;
    private Path model;
    private Optional<PackedFolder> copies;

    @BeforeEach
    void writeModel() throws Exception {
        model = folder.resolve("model.gguf");
        copies = Optional.of(new PackedFolder(folder.resolve("packed")));
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("a", Tensor.allocate(arena, DType.Q8_0, ROWS, COLS));
        tensors.put("b", Tensor.allocate(arena, DType.Q8_0, 32, 64));
        GgufWriter.write(model, GgufMetadata.of(model, Map.of("general.architecture", "test")), tensors);
    }

    @AfterEach
    void free() {
        arena.close();
    }

    private MemorySegment panels(long size, int seed) {
        byte[] bytes = new byte[(int) size];
        new Random(seed).nextBytes(bytes);
        return arena.allocate(size, 64).copyFrom(MemorySegment.ofArray(bytes));
    }

    /// Packs both tensors, or finds them: whether they were found.
    private boolean run() throws Exception {
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(model);
                PackedCopy copy = PackedCopy.of(checkpoint, copies)) {
            boolean found = true;
            int seed = 0;
            for (String name : List.of("a", "b")) {
                Tensor w = checkpoint.tensor(name);
                MemorySegment expected = panels(name.equals("a") ? 40 << 20 : 4096, ++seed);
                MemorySegment kept = copy.find(w, FORM, expected.byteSize());
                if (kept == null) {
                    found = false;
                    copy.offer(w, FORM, expected);
                } else {
                    assertArrayEquals(expected.toArray(ValueLayout.JAVA_BYTE), kept.toArray(ValueLayout.JAVA_BYTE));
                    assertEquals(0, kept.address() % 64);
                }
            }
            copy.save(() -> isSound);
            return found;
        }
    }

    private Path file() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("packed"))) {
            List<Path> all = files.toList();
            assertEquals(1, all.size(), all.toString());
            return all.getFirst();
        }
    }

    @Test
    void whatWasPackedIsFound() throws Exception {
        assertFalse(run());
        assertTrue(run());
        assertTrue(run());
        assertEquals(1, copies.get().usage().numFiles());
        assertTrue(copies.get().usage().sizeBytes() > 40 << 20);
    }

    /// Files hold the checkpoint's numbers, and no others.
    @Test
    void updatedWeightsAreNeitherKeptNorFound() throws Exception {
        assertFalse(run());
        assertTrue(run());
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(model);
                PackedCopy copy = PackedCopy.of(checkpoint, copies)) {
            Tensor w = checkpoint.tensor("a");
            MemorySegment expected = panels(40 << 20, 1);
            assertNotNull(copy.find(w, FORM, expected.byteSize()));
            w.changed();
            assertNull(copy.find(w, FORM, expected.byteSize()));
            assertFalse(copy.offer(w, FORM, panels(40 << 20, 3)), "it may be written again");
            copy.save(() -> isSound);
        }
        assertTrue(run(), "what was kept before stays as it was");
    }

    @Test
    void nothingIsKeptOfFilesThatAreNotSound() throws Exception {
        isSound = false;
        assertFalse(run());
        assertFalse(run());
        assertEquals(0, copies.get().usage().numFiles());
        isSound = true;
        assertFalse(run());
        assertTrue(run());
    }

    @Test
    void productsAreTheSameBitByBit() throws Exception {
        assumeTrue(EmittedKernels.obstacle().isEmpty(), "no machine code here");
        Random random = new Random(7);
        Tensor w = Tensor.allocate(arena, DType.Q8_0, ROWS, COLS);
        for (long block = 0; block < w.memory().byteSize(); block += DType.Q8_0.blockBytes()) {
            w.memory().set(ValueLayout.JAVA_SHORT_UNALIGNED, block, Float.floatToFloat16(random.nextFloat()));
            for (int i = 0; i < 32; i++) {
                w.memory().set(ValueLayout.JAVA_BYTE, block + 2 + i, (byte) random.nextInt());
            }
        }
        GgufWriter.write(model, GgufMetadata.of(model, Map.of("general.architecture", "test")), Map.of("a", w));
        Tensor x = Tensor.allocate(arena, DType.F32, 3, COLS);
        for (long i = 0; i < x.size(); i++) {
            x.set(i, random.nextFloat() - 0.5f);
        }
        byte[] expected = product(x, Optional.empty(), false);
        assertArrayEquals(expected, product(x, copies, false));
        assertArrayEquals(expected, product(x, copies, true));
    }

    private byte[] product(Tensor x, Optional<PackedFolder> folderOfCopies, boolean isThere) throws Exception {
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(model);
                PackedCopy copy = PackedCopy.of(checkpoint, folderOfCopies);
                Workers workers = new Workers(2)) {
            assertEquals(isThere, copy.isThere());
            long[] reported = new long[1];
            copy.onConversion(bytes -> reported[0] += bytes);
            Kernels kernels = new EmittedKernels(workers);
            kernels.usePackedWeights(copy);
            Tensor y = Tensor.allocate(arena, DType.F32, 3, ROWS);
            kernels.linearQuantized(y, x, checkpoint.tensor("a"), Tensor.allocate(arena, DType.F32, 3, COLS));
            assertTrue(reported[0] >= checkpoint.tensor("a").memory().byteSize());
            copy.save(() -> isSound);
            return y.memory().toArray(ValueLayout.JAVA_BYTE);
        }
    }

    @Test
    void otherShapesFormsAndSizesAreNot() throws Exception {
        run();
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(model);
                PackedCopy copy = PackedCopy.of(checkpoint, copies)) {
            Tensor w = checkpoint.tensor("a");
            assertNull(copy.find(w, "Q8_0/2", 40 << 20));
            assertNull(copy.find(w, FORM, (40 << 20) - 64));
            assertNull(copy.find(w.rows(0, ROWS / 2), FORM, 40 << 20));
            assertNull(copy.find(Tensor.allocate(arena, DType.Q8_0, ROWS, COLS), FORM, 40 << 20));
            assertNotNull(copy.find(w, FORM, 40 << 20));
        }
    }

    @Test
    void aChangedFileIsPackedAgainAndItsCopyReplaced() throws Exception {
        run();
        Path before = file();
        FileTime time = Files.getLastModifiedTime(model);
        try (RandomAccessFile file = new RandomAccessFile(model.toFile(), "rw")) {
            file.seek(file.length() - 1);
            file.write(1);
        }
        Files.setLastModifiedTime(model, time);
        assertFalse(run());
        assertEquals(before, file());
        assertTrue(run());
    }

    @Test
    void aBrokenCopyIsAsGoodAsNone() throws Exception {
        run();
        byte[] whole = Files.readAllBytes(file());
        for (int length : new int[] {0, 3, 24, 100, 4096, whole.length - 64}) {
            Files.write(file(), java.util.Arrays.copyOf(whole, length));
            assertFalse(run(), length + " bytes");
            assertArrayEquals(whole, Files.readAllBytes(file()));
        }
        whole[30] ^= 1;
        Files.write(file(), whole);
        assertFalse(run());
        assertTrue(run());
    }

    @Test
    void theCopyGoesWithTheModel() throws Exception {
        run();
        assertEquals(0, PackedCopy.sweep(copies.get()));
        long bytes = Files.size(file());
        Files.delete(model);
        assertEquals(bytes, PackedCopy.sweep(copies.get()));
        assertEquals(0, copies.get().usage().numFiles());
    }

    @Test
    void nothingIsKeptWithoutAFolderOrOfSmallModels() throws Exception {
        copies = Optional.empty();
        assertFalse(run());
        assertFalse(run());
        copies = Optional.of(new PackedFolder(folder.resolve("packed")));
        GgufWriter.write(model, GgufMetadata.of(model, Map.of("general.architecture", "test")),
                Map.of("a", Tensor.allocate(arena, DType.Q8_0, 32, 64), "b",
                        Tensor.allocate(arena, DType.Q8_0, 32, 64)));
        assertFalse(run());
        assertFalse(Files.exists(folder.resolve("packed")));
    }

    @Test
    void aFolderThatCannotBeWrittenIsNoError() throws Exception {
        Files.writeString(folder.resolve("packed"), "a file where the folder should be");
        assertFalse(run());
        assertFalse(run());
        assertEquals(0, copies.get().usage().numFiles());
    }

    @Test
    void whatWasNotUsedForTheLongestTimeMakesRoom() throws Exception {
        PackedFolder packed = copies.get();
        Files.createDirectories(packed.root());
        long day = 86_400_000;
        for (int i = 0; i < 3; i++) {
            Path copy = Files.writeString(packed.root().resolve("m" + i + ".packed"), "x".repeat(1000));
            Files.setLastModifiedTime(copy, FileTime.fromMillis(System.currentTimeMillis() - (3 - i) * day));
        }
        Path stale = Files.writeString(packed.root().resolve(".glia-1.tmp"), "x");
        Files.setLastModifiedTime(stale, FileTime.fromMillis(System.currentTimeMillis() - day));
        long free = Files.getFileStore(packed.root()).getUsableSpace();

        assertTrue(packed.makeRoom(packed.root().resolve("new.packed"), 1000));
        assertFalse(Files.exists(stale));
        assertEquals(3, packed.usage().numFiles());
        assertFalse(packed.makeRoom(packed.root().resolve("new.packed"), free), "more than a quarter of the disk");
        assertEquals(3, packed.usage().numFiles());
    }
}
