package glia.io.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The home folder as shells find it: `~` is `$HOME` (POSIX, 2.6.1).
class HomeFolderTest {
    @Test
    void theVariableGoesBeforeTheAccount() {
        assertEquals(Path.of("/var/lib/x"), HomeFolder.folder(Map.of("HOME", "/var/lib/x"), "Linux", "/home/x"));
        assertEquals(Path.of("/u"), HomeFolder.folder(Map.of("HOME", "/u"), "Mac OS X", "/Users/x"));
        for (String unusable : new String[] {"", "relative", "?"}) {
            assertEquals(Path.of("/a"), HomeFolder.folder(Map.of("HOME", unusable), "Linux", "/a"));
        }
        assertEquals(Path.of("/a"), HomeFolder.folder(Map.of(), "Linux", "/a"));
        assertEquals(Path.of("C-x"), HomeFolder.folder(Map.of("HOME", "/c/Users/x"), "Windows 11", "C-x"));
        assertEquals(HomeFolder.folder().resolve("x/y"), HomeFolder.path("~/x/y"));
        assertEquals(HomeFolder.folder(), HomeFolder.path("~"));
        assertEquals(Path.of("~x"), HomeFolder.path("~x"));
    }
}
