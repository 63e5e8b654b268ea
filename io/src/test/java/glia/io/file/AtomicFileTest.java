package glia.io.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import glia.io.CheckpointException;
import glia.io.FileErrors;
import glia.io.Fixtures;
import glia.io.file.AtomicFile.IfExists;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
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
            AtomicFile.write(file, IfExists.REPLACE, out -> {
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
    void aFailedWriteKeepsTheOldFile() throws Exception {
        Path file = Files.writeString(folder.resolve("x"), "old");
        Fixtures.assertSays(assertThrows(CheckpointException.class,
                () -> AtomicFile.write(file, IfExists.REPLACE, out -> {
            out.write(new byte[100_000]);
            throw new IOException("No space left on device");
        })), file.toString(), "No space left on device", "bytes free", "nothing was changed");
        assertThrows(IllegalStateException.class, () -> AtomicFile.write(file, IfExists.REPLACE, out -> {
            out.write(new byte[100]);
            throw new IllegalStateException("a bug");
        }));
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("x"), names());
    }

    @Test
    void aFolderIsNotReplaced() throws Exception {
        Path inner = Files.createDirectories(folder.resolve("x/y")).getParent();
        assertThrows(CheckpointException.class,
                () -> AtomicFile.write(inner, IfExists.REPLACE, out -> out.write(new byte[1])));
        assertEquals(List.of("x"), names());
    }

    @Test
    void anExistingFileIsNotOverwrittenUnlessAsked() throws Exception {
        Path file = Files.writeString(folder.resolve("x"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("y"), folder.resolve("nowhere"));
        for (Path target : List.of(file, link)) {
            Fixtures.assertSays(assertThrows(CheckpointException.class, () -> AtomicFile.write(target, IfExists.FAIL,
                    _ -> fail("the content is not computed"))), target.toString(), "already exists", "not overwritten");
        }
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("x", "y"), names());
    }

    @Test
    void aFileThatAppearsWhileTheContentIsWrittenIsKept() throws Exception {
        Path file = folder.resolve("x");
        Fixtures.assertSays(assertThrows(CheckpointException.class, () -> AtomicFile.write(file, IfExists.FAIL, out -> {
            out.write(new byte[10]);
            Files.writeString(file, "other");
        })), "already exists");
        assertEquals("other", Files.readString(file));
        assertEquals(List.of("x"), names());
    }

    @Test
    void aNewFileIsWrittenWithoutReplacing() throws Exception {
        Path file = folder.resolve("x");
        AtomicFile.write(file, IfExists.FAIL, out -> out.write(new byte[] {1, 2}));
        assertArrayEquals(new byte[] {1, 2}, Files.readAllBytes(file));
        assertEquals(List.of("x"), names());
    }

    @Test
    void aFolderWithoutPermissionIsReported() {
        Path file = folder.resolve("x");
        for (IOException e : List.of(new AccessDeniedException(file.toString()),
                new FileSystemException(file.toString(), null, "Read-only file system"))) {
            Fixtures.assertSays(assertThrows(CheckpointException.class, () -> AtomicFile.write(file, IfExists.FAIL,
                    _ -> {
                        throw e;
                    })), file + ": cannot be written: " + FileErrors.reason(e), "Choose a folder that this user may");
        }
    }
}
