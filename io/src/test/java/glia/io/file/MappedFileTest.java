package glia.io.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.io.CheckpointException;
import glia.io.Fixtures;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedFileTest {
    @TempDir
    Path folder;

    @Test
    void aFileIsLockedWhileItIsOpen() throws Exception {
        Path path = Files.writeString(folder.resolve("x"), "abc");
        try (FileChannel other = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            try (MappedFile file = MappedFile.open(path)) {
                // Inside one program an overlap is an exception; another program would find the file locked.
                assertThrows(OverlappingFileLockException.class, other::tryLock);
                assertEquals(3, file.sizeBytes());
            }
            other.tryLock().release();
        }
    }

    @Test
    void aFileCanBeOpenedTwice() throws Exception {
        Path path = Files.writeString(folder.resolve("x"), "abc");
        MappedFile one = MappedFile.open(path);
        try (MappedFile two = MappedFile.open(path)) {
            MemorySegment map = two.map();
            one.close();
            assertEquals('c', map.get(ValueLayout.JAVA_BYTE, 2));
        }
    }

    @Test
    void readingBeyondTheEndIsAnError() throws Exception {
        Path path = Files.writeString(folder.resolve("x"), "abc");
        try (MappedFile file = MappedFile.open(path)) {
            Fixtures.assertSays(assertThrows(CheckpointException.class, () -> file.read(ByteBuffer.allocate(4), 1)),
                    path.toString(), "byte 3", "2 bytes more");
        }
        Fixtures.assertSays(assertThrows(CheckpointException.class, () -> MappedFile.open(folder)), "is a folder");
        Fixtures.assertSays(assertThrows(CheckpointException.class, () -> MappedFile.open(folder.resolve("y"))),
                "no such file");
    }

    @Test
    void useAfterCloseIsAnError() throws Exception {
        MappedFile file = MappedFile.open(Files.writeString(folder.resolve("x"), "abc"));
        MemorySegment map = file.map();
        file.close();
        file.close();
        Fixtures.assertSays(assertThrows(IllegalStateException.class, file::map), "x is closed");
        Fixtures.assertSays(assertThrows(IllegalStateException.class, () -> file.read(ByteBuffer.allocate(1), 0)),
                "x is closed");
        assertThrows(IllegalStateException.class, () -> map.get(ValueLayout.JAVA_BYTE, 0));
    }
}
