package glia.io.packed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackedFolderTest {
    @TempDir Path cache;

    @Test
    void clearDeletesCopiesAndWhatKilledProgramsLeft() throws IOException {
        PackedFolder folder = PackedFolder.in(cache);
        assertEquals(new PackedFolder.Usage(0, 0), folder.clear());
        Files.createDirectories(folder.root());
        Path small = Files.write(folder.root().resolve("a.packed"), new byte[10]);
        Path large = Files.write(folder.root().resolve("b.packed"), new byte[30]);
        Path old = Files.write(folder.root().resolve("c.tmp"), new byte[5]);
        Files.setLastModifiedTime(old, FileTime.fromMillis(0));
        Path inUse = Files.write(folder.root().resolve("d.tmp"), new byte[1]);
        assertEquals(List.of(large, small), List.copyOf(folder.list().keySet()));
        assertEquals(new PackedFolder.Usage(3, 45), folder.clear());
        assertFalse(Files.exists(small));
        assertTrue(Files.exists(inUse));
        assertTrue(folder.list().isEmpty());
    }
}
