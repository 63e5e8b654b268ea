package glia.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class FileErrorsTest {
    @Test
    void reasonsAreReadable() {
        assertEquals("permission denied", FileErrors.reason(new AccessDeniedException("/x")));
        assertEquals("permission denied", FileErrors.reason(new FileNotFoundException("/x (y) (Permission denied)")));
        assertEquals("read-only file system",
                FileErrors.reason(new FileSystemException("/x", null, "Read-only file system")));
        assertEquals("no such file or folder", FileErrors.reason(new NoSuchFileException("/x")));
        assertEquals("the file was closed", FileErrors.reason(new ClosedChannelException()));
        assertEquals("other", FileErrors.reason(new IOException("other")));
        assertEquals("IOException", FileErrors.reason(new IOException()));
    }

    @Test
    void permissionsAndFullDisksAreRecognized() {
        assertTrue(FileErrors.isPermission(new AccessDeniedException("/x")));
        assertTrue(FileErrors.isPermission(new FileSystemException("/x", null, "Read-only file system")));
        assertFalse(FileErrors.isPermission(new IOException("other")));
        assertTrue(FileErrors.isDiskFull(new FileSystemException("/x", null, "No space left on device")));
        assertFalse(FileErrors.isDiskFull(new IOException()));
    }
}
