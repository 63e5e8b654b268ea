package glia.io.file;

import java.nio.file.Path;

/// Paths that a user wrote where no shell expands `~`.
public final class HomeFolder {
    private HomeFolder() { }

    /// A path, with `~` at its beginning replaced by the user's home folder.
    public static Path path(String written) {
        String home = System.getProperty("user.home");
        return written.equals("~") ? Path.of(home)
                : written.startsWith("~/") ? Path.of(home, written.substring(2)) : Path.of(written);
    }
}
