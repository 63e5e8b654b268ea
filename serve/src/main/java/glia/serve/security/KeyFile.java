package glia.serve.security;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// A file of API keys: one line for each, with a name, the day of its making, and a salted hash. It is read once more
/// when it has changed. A file that cannot be read then changes nothing, a line of the log says so, and each request
/// tries again: what hinders it, such as its owner, may change without a change of the file.
public final class KeyFile {
    private static final String HEADING = "# API keys of glia serve: name, day, salt, SHA-256 of salt and key";
    private static final int KEY_BYTES = 32;
    /// Five seconds in all.
    private static final int MOST_TRIES = 250;
    private static final long TRY_NANOS = 20_000_000;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Path path;
    private final Consumer<String> log;
    private volatile State state;

    /// What was read, the attributes of the file then, and why it could not be read since; empty if it was not tried.
    private record State(List<ApiKey> keys, Object stamp, String failure) { }

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
        // Before it is read, so that a change in the meantime is seen.
        Object stamp = stamp(path);
        List<ApiKey> keys = list(path);
        if (keys.isEmpty()) {
            throw new IOException(path + " has no key; 'glia keys add NAME --keys " + path + "' makes one");
        }
        return new KeyFile(path, log, new State(keys, stamp, ""));
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
        if (!stamp(path).equals(state.stamp)) {
            reload();
        }
        return state.keys;
    }

    private synchronized void reload() {
        Object stamp = stamp(path);
        if (stamp.equals(state.stamp)) {
            return;
        }
        try {
            state = new State(list(path), stamp, "");
            log.accept(path + ": read " + state.keys.size() + " API keys");
        } catch (IOException e) {
            if (!e.getMessage().equals(state.failure)) {
                state = new State(state.keys, state.stamp, e.getMessage());
                log.accept("the API keys are as before: " + e.getMessage());
            }
        }
    }

    /// What changes with the file; other than any of a file if there is none.
    private static Object stamp(Path path) {
        try {
            BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
            return List.of(now.lastModifiedTime(), now.size(), String.valueOf(now.fileKey()));
        } catch (IOException e) {
            return "unreadable";
        }
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
        List<String> lines = lines(path);
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

    private static List<String> lines(Path path) throws IOException {
        try {
            String text = Files.readString(path);
            return (text.startsWith("\ufeff") ? text.substring(1) : text).lines().toList();
        } catch (AccessDeniedException e) {
            throw new IOException(path + ": the user '" + System.getProperty("user.name") + "' may not read this file "
                    + "of API keys; try 'chown', or make it as that user", e);
        } catch (CharacterCodingException e) {
            throw new IOException(path + ": expected a file of API keys in UTF-8", e);
        }
    }

    /// Makes a key and adds its hash to a file, which is created if there is none.
    ///
    /// @return the key, which is stored nowhere
    /// @throws IOException if the file cannot be read or written
    /// @throws IllegalArgumentException if the name is taken or not allowed
    public static String add(Path path, String name) throws IOException {
        ApiKey.requireName(name);
        byte[] random = new byte[KEY_BYTES];
        RANDOM.nextBytes(random);
        String key = "glia-" + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        byte[] salt = new byte[ApiKey.SALT_BYTES];
        RANDOM.nextBytes(salt);
        change(path, () -> {
            List<ApiKey> keys = Files.exists(path) ? new ArrayList<>(list(path)) : new ArrayList<>();
            if (keys.stream().anyMatch(one -> one.name().equals(name))) {
                throw new IllegalArgumentException("there is a key named '" + name + "'; remove it first, or take "
                        + "another name");
            }
            keys.add(ApiKey.of(name, LocalDate.now(ZoneOffset.UTC), salt, key));
            return keys;
        });
        return key;
    }

    /// Removes a key.
    ///
    /// @throws IOException if the file cannot be read or written
    /// @throws IllegalArgumentException if there is none of this name
    public static void remove(Path path, String name) throws IOException {
        change(path, () -> {
            List<ApiKey> keys = new ArrayList<>(list(path));
            if (!keys.removeIf(key -> key.name().equals(name))) {
                throw new IllegalArgumentException("no key is named '" + name + "'; 'glia keys list' shows all");
            }
            return keys;
        });
    }

    /// Reads the keys of a file and changes them.
    private interface Change {
        List<ApiKey> keys() throws IOException;
    }

    /// Replaces the file as a whole. A new one can be read by its owner alone; another keeps its owner, group and
    /// permissions, so that the server may read it where the administrator is another user. The file that is to replace
    /// it is also the lock against other changes: only one process can create it.
    private static void change(Path path, Change change) throws IOException {
        Path target = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath();
        boolean isPosix = Files.getFileStore(target.getParent()).supportsFileAttributeView("posix");
        Path next = target.resolveSibling(target.getFileName() + ".new");
        create(next, isPosix);
        boolean isMoved = false;
        try {
            List<String> lines = new ArrayList<>(List.of(HEADING));
            change.keys().forEach(key -> lines.add(key.line()));
            Files.write(next, lines);
            if (isPosix && Files.exists(target)) {
                keepOwner(target, next);
            }
            try {
                Files.move(next, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(next, target, StandardCopyOption.REPLACE_EXISTING);
            }
            isMoved = true;
        } finally {
            if (!isMoved) {
                Files.deleteIfExists(next);
            }
        }
    }

    /// Creates the file that will replace the keys, once no other process has one.
    private static void create(Path next, boolean isPosix) throws IOException {
        FileAttribute<?>[] owner = isPosix ? new FileAttribute<?>[] {
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))}
                : new FileAttribute<?>[0];
        for (int tries = 0;; tries++) {
            try {
                Files.createFile(next, owner);
                return;
            } catch (FileAlreadyExistsException e) {
                if (tries == MOST_TRIES || Thread.currentThread().isInterrupted()) {
                    throw new IOException(next + ": another command is changing the keys; if none is, remove this file",
                            e);
                }
                LockSupport.parkNanos(TRY_NANOS);
            }
        }
    }

    private static void keepOwner(Path from, Path to) throws IOException {
        PosixFileAttributes old = Files.readAttributes(from, PosixFileAttributes.class);
        PosixFileAttributeView view = Files.getFileAttributeView(to, PosixFileAttributeView.class);
        PosixFileAttributes now = view.readAttributes();
        try {
            if (!old.group().equals(now.group())) {
                view.setGroup(old.group());
            }
            if (!old.owner().equals(now.owner())) {
                view.setOwner(old.owner());
            }
            view.setPermissions(old.permissions());
        } catch (IOException e) {
            throw new IOException(from + ": found the owner " + old.owner().getName() + " and the group "
                    + old.group().getName() + ", which this user cannot give to the new file; try it as that owner", e);
        }
    }
}
