package glia.text.tokenizer;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import glia.io.hub.HubSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Properties;

/// Loads the native library of Hugging Face's tokenizers from DJL's jar, without DJL's own loader.
///
/// DJL's loader looks for GPUs, may download another build for them, unpacks into its own folder of the home directory,
/// and is part of a library that sends telemetry. The native functions bind to one class, so the library is unpacked to
/// Glia's cache once and loaded from there, in 3 ms instead of 190.
final class NativeLibrary {
    private static final String ROOT = "/native/lib/";

    private NativeLibrary() { }

    /// Loads the library, once. Thread-safe.
    ///
    /// @throws IllegalStateException if there is no build for this machine or it cannot be loaded
    static void load() {
        Loaded.ensure();
    }

    /// Class initialization is the lock: the first caller loads, others wait, and all get the same failure.
    private static final class Loaded {
        private static final IllegalStateException FAILURE = tryLoad();

        static void ensure() {
            if (FAILURE != null) {
                throw new IllegalStateException(FAILURE.getMessage(), FAILURE);
            }
        }

        @SuppressWarnings("restricted")
        private static IllegalStateException tryLoad() {
            String platform = platform(System.getProperty("os.name"), System.getProperty("os.arch"));
            try {
                Path folder = HubSettings.gliaCacheFolder().resolve("native")
                        .resolve("tokenizers-" + version() + '-' + platform);
                for (String name : names(platform)) {
                    System.load(unpack(ROOT + platform + "/cpu/" + name, folder).toString());
                }
                return null;
            } catch (IOException | UnsatisfiedLinkError e) {
                return new IllegalStateException("the native tokenizers (" + platform + ") cannot be loaded: "
                        + e.getMessage() + ". They are built for Linux (x86_64 and aarch64, glibc 2.34 or later), "
                        + "macOS on Apple silicon and Windows on x86_64; GLIA_CACHE names the folder they are "
                        + "unpacked to", e);
            }
        }
    }

    /// The jar's folder with the libraries for a machine, such as `linux-x86_64`.
    static String platform(String osName, String osArch) {
        String os = osName.toLowerCase(Locale.ROOT);
        String prefix = os.startsWith("windows") ? "win" : os.startsWith("mac") ? "osx" : "linux";
        return prefix + '-' + (osArch.equals("amd64") ? "x86_64" : osArch);
    }

    /// The libraries to load, in order of dependence.
    private static List<String> names(String platform) {
        String main = System.mapLibraryName("tokenizers");
        return platform.startsWith("win")
                ? List.of("libwinpthread-1.dll", "libgcc_s_seh-1.dll", "libstdc++-6.dll", main)
                : List.of(main);
    }

    private static String version() throws IOException {
        Properties properties = new Properties();
        try (InputStream in = TokenizersLibrary.class.getResourceAsStream(ROOT + "tokenizers.properties")) {
            if (in == null) {
                throw new IOException("the jar has no " + ROOT + "tokenizers.properties");
            }
            properties.load(in);
        }
        return properties.getProperty("version", "unknown");
    }

    /// Unpacks a resource to a folder unless a file of the same size is there.
    static Path unpack(String resource, Path folder) throws IOException {
        URL url = TokenizersLibrary.class.getResource(resource);
        if (url == null) {
            throw new IOException("there are none in the jar at " + resource);
        }
        URLConnection connection = url.openConnection();
        long sizeBytes = connection.getContentLengthLong();
        String name = resource.substring(resource.lastIndexOf('/') + 1);
        Path target = folder.resolve(name);
        if (Files.isRegularFile(target) && Files.size(target) == sizeBytes) {
            return target.toAbsolutePath();
        }
        try {
            return write(connection, target);
        } catch (IOException e) {
            // A read-only home: use a new folder that only this process writes to.
            Path own = Files.createTempDirectory("glia-native").resolve(name);
            own.toFile().deleteOnExit();
            own.getParent().toFile().deleteOnExit();
            return write(url.openConnection(), own);
        }
    }

    /// Writes a temporary file and renames it, so that other processes see the whole file or none.
    private static Path write(URLConnection connection, Path target) throws IOException {
        Files.createDirectories(target.getParent());
        Path part = Files.createTempFile(target.getParent(), target.getFileName().toString(), ".part");
        try (InputStream in = connection.getInputStream()) {
            Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
            move(part, target, connection.getContentLengthLong());
            return target.toAbsolutePath();
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static void move(Path part, Path target, long sizeBytes) throws IOException {
        try {
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            // Windows does not replace a loaded library: another process wrote it before.
            if (!Files.isRegularFile(target) || Files.size(target) != sizeBytes) {
                throw e;
            }
        }
    }
}
