package glia.io.file;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/// The user's home folder, and paths that a user wrote where no shell expands `~`.
public final class HomeFolder {
    private HomeFolder() { }

    /// The home folder: the variable `HOME`, as for shells and other programs of Unix, where it is an absolute path.
    /// Java's own property is the folder of the account, which services and containers may not have.
    public static Path folder() {
        return folder(System.getenv(), System.getProperty("os.name"), System.getProperty("user.home"));
    }

    /// @param account the folder of the user's account
    static Path folder(Map<String, String> environment, String osName, String account) {
        String home = environment.getOrDefault("HOME", "");
        boolean isUnix = !osName.toLowerCase(Locale.ROOT).startsWith("windows");
        return Path.of(isUnix && home.startsWith("/") ? home : account);
    }

    /// A path, with `~` at its beginning replaced by the user's home folder.
    public static Path path(String written) {
        return written.equals("~") ? folder()
                : written.startsWith("~/") ? folder().resolve(written.substring(2)) : Path.of(written);
    }
}
