package glia.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Properties;

/// The program's version, written by the build.
final class Version {
    private Version() {}

    /// The version with the JDK and the machine, for `--version`.
    static String line() {
        String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        return "glia " + number() + " (JDK " + Runtime.version() + ", " + system.toLowerCase(Locale.ROOT) + ")";
    }

    private static String number() {
        Properties properties = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }
}
