package glia.io.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.io.CheckpointException;
import glia.io.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void contentIsPaddedAndReplaced() throws Exception {
        Path file = folder.resolve("x");
        for (int round = 0; round < 2; round++) {
            AtomicFile.write(file, out -> {
                out.write(new byte[] {1, 2, 3});
                out.pad(4);
                out.pad(4);
                out.write(new byte[] {5});
            });
            assertArrayEquals(new byte[] {1, 2, 3, 0, 5}, Files.readAllBytes(file));
        }
        assertEquals(List.of("x"), names());
    }

    @Test
    void whenWritingFailsTheOldFileStaysAndNothingElse() throws Exception {
        Path file = Files.writeString(folder.resolve("x"), "old");
        Fixtures.assertSays(assertThrows(CheckpointException.class, () -> AtomicFile.write(file, out -> {
            out.write(new byte[100_000]);
            throw new IOException("No space left on device");
        })), file.toString(), "No space left on device", "bytes free", "nothing was changed");
        assertThrows(IllegalStateException.class, () -> AtomicFile.write(file, out -> {
            out.write(new byte[100]);
            throw new IllegalStateException("a bug");
        }));
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("x"), names());
    }

    @Test
    void aFolderIsNotReplaced() throws Exception {
        Path inner = Files.createDirectories(folder.resolve("x/y")).getParent();
        assertThrows(CheckpointException.class, () -> AtomicFile.write(inner, out -> out.write(new byte[1])));
        assertEquals(List.of("x"), names());
    }
}
