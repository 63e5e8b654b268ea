package glia.serve.security;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// A file of API keys: one line for each, with a name, the day of its making, and a salted hash. It is read once more
/// when it has changed. A file that cannot be read then changes nothing, and a line of the log says so.
public final class KeyFile {
    private static final String HEADING = "# API keys of glia serve: name, day, salt, SHA-256 of salt and key";
    private static final int KEY_BYTES = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Path path;
    private final Consumer<String> log;
    private volatile State state;

    /// What was read, and the attributes of the file then.
    private record State(List<ApiKey> keys, Object stamp) { }

    private KeyFile(Path path, Consumer<String> log, State state) {
        this.path = path;
        this.log = log;
        this.state = state;
    }

    /// Reads a file.
    ///
    /// @param log receives a line when the file has changed
    /// @throws IOException if it cannot be read, or has no key
    public static KeyFile open(Path path, Consumer<String> log) throws IOException {
        List<ApiKey> keys = list(path);
        if (keys.isEmpty()) {
            throw new IOException(path + " has no key; 'glia keys add NAME --keys " + path + "' makes one");
        }
        return new KeyFile(path, log, new State(keys, stamp(path)));
    }

    /// The name of a key's holder; empty if there is no such key. Takes the same time for any key that is given.
    public Optional<String> holder(String key) {
        byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
        Optional<String> found = Optional.empty();
        for (ApiKey known : current()) {
            if (known.matches(bytes)) {
                found = Optional.of(known.name());
            }
        }
        return found;
    }

    private List<ApiKey> current() {
        Object stamp;
        try {
            stamp = stamp(path);
        } catch (IOException e) {
            stamp = "unreadable";
        }
        if (!stamp.equals(state.stamp)) {
            reload(stamp);
        }
        return state.keys;
    }

    private synchronized void reload(Object stamp) {
        if (stamp.equals(state.stamp)) {
            return;
        }
        try {
            state = new State(list(path), stamp);
            log.accept(path + ": read " + state.keys.size() + " API keys");
        } catch (IOException e) {
            state = new State(state.keys, stamp);
            log.accept("the API keys are as before: " + e.getMessage());
        }
    }

    private static Object stamp(Path path) throws IOException {
        BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
        return List.of(now.lastModifiedTime(), now.size(), String.valueOf(now.fileKey()));
    }

    /// The keys of a file.
    ///
    /// @throws IOException if it cannot be read, or a line is wrong
    public static List<ApiKey> list(Path path) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new IOException(path + ": no such file of API keys; 'glia keys add NAME --keys " + path
                    + "' makes one");
        }
        List<ApiKey> keys = new ArrayList<>();
        List<String> lines = Files.readAllLines(path);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.isEmpty() && !line.startsWith("#")) {
                int number = i + 1;
                // The line itself may hold a key that was typed into it.
                keys.add(ApiKey.parse(line).orElseThrow(() -> new IOException(path + ", line " + number
                        + ": expected a name, a day, a salt and a hash, as 'glia keys add' writes them")));
            }
        }
        return keys;
    }

    /// Makes a key and adds its hash to a file, which is created if there is none.
    ///
    /// @return the key, which is stored nowhere
    /// @throws IOException if the file cannot be read or written
    /// @throws IllegalArgumentException if the name is taken or not allowed
    public static String add(Path path, String name) throws IOException {
        ApiKey.requireName(name);
        List<ApiKey> keys = Files.exists(path) ? new ArrayList<>(list(path)) : new ArrayList<>();
        if (keys.stream().anyMatch(key -> key.name().equals(name))) {
            throw new IllegalArgumentException("there is a key named '" + name + "'; remove it first, or take another "
                    + "name");
        }
        byte[] random = new byte[KEY_BYTES];
        RANDOM.nextBytes(random);
        String key = "glia-" + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        byte[] salt = new byte[ApiKey.SALT_BYTES];
        RANDOM.nextBytes(salt);
        keys.add(ApiKey.of(name, LocalDate.now(ZoneOffset.UTC), salt, key));
        write(path, keys);
        return key;
    }

    /// Removes a key.
    ///
    /// @throws IOException if the file cannot be read or written
    /// @throws IllegalArgumentException if there is none of this name
    public static void remove(Path path, String name) throws IOException {
        List<ApiKey> keys = new ArrayList<>(list(path));
        if (!keys.removeIf(key -> key.name().equals(name))) {
            throw new IllegalArgumentException("no key is named '" + name + "'; 'glia keys list' shows all");
        }
        write(path, keys);
    }

    /// Replaces the file as a whole, readable for its owner alone.
    private static void write(Path path, List<ApiKey> keys) throws IOException {
        List<String> lines = new ArrayList<>(List.of(HEADING));
        keys.forEach(key -> lines.add(key.line()));
        Path folder = path.toAbsolutePath().getParent();
        boolean isPosix = Files.getFileStore(folder).supportsFileAttributeView("posix");
        FileAttribute<?>[] owner = isPosix ? new FileAttribute<?>[] {
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))}
                : new FileAttribute<?>[0];
        Path temporary = Files.createTempFile(folder, ".keys", ".tmp", owner);
        try {
            Files.write(temporary, lines);
            try {
                Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(temporary, path, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
