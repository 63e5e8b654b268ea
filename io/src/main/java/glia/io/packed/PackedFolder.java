package glia.io.packed;

import glia.io.hub.HubSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/// The folder of packed copies. Each can be deleted at any time. Together they take at most a quarter of the disk space
/// that is free without them; the least recently used are evicted.
public record PackedFolder(Path root) {
    private static final String ENDING = ".packed";
    private static final int SHARE = 4;
    private static final Set<String> NO = Set.of("no", "off", "false", "0");
    private static final long STALE_MILLIS = 3_600_000;

    /// `packed` in Glia's cache; empty if the environment variable `GLIA_PACKED` is `no`, `off`, `false` or `0`.
    public static Optional<PackedFolder> ofThisUser() {
        String setting = System.getenv("GLIA_PACKED");
        return setting != null && NO.contains(setting.toLowerCase(Locale.ROOT)) ? Optional.empty()
                : Optional.of(in(HubSettings.gliaCacheFolder()));
    }

    /// `packed` in Glia's cache folder.
    public static PackedFolder in(Path gliaCache) {
        return new PackedFolder(gliaCache.resolve("packed"));
    }

    /// The disk usage of the copies.
    public record Usage(int numFiles, long sizeBytes) { }

    /// The copy's file for a checkpoint of these files: the first name and a 64-bit checksum of the paths.
    Path file(List<Path> sources) {
        byte[] paths = String.join("\n", sources.stream().map(path -> path.toAbsolutePath().toString()).toList())
                .getBytes(StandardCharsets.UTF_8);
        CRC32 one = new CRC32();
        CRC32C other = new CRC32C();
        one.update(paths);
        other.update(paths);
        return root.resolve("%s-%08x%08x%s".formatted(sources.getFirst().getFileName(), one.getValue(),
                other.getValue(), ENDING));
    }

    /// A description that changes with a file: path, size, inode, modification time and attribute-change time (ctime),
    /// which programs cannot set.
    public static String describe(List<Path> files) {
        StringBuilder text = new StringBuilder();
        for (Path file : files) {
            text.append(file.toAbsolutePath()).append(' ').append(attributes(file)).append('\n');
        }
        return text.toString();
    }

    private static String attributes(Path file) {
        try {
            return describe(Files.readAttributes(file, "unix:size,ino,dev,lastModifiedTime,ctime"));
        } catch (UnsupportedOperationException | IllegalArgumentException | IOException e) {
            return describe(basicAttributes(file));
        }
    }

    private static Map<String, Object> basicAttributes(Path file) {
        try {
            return Files.readAttributes(file, "size,lastModifiedTime,creationTime");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String describe(Map<String, Object> attributes) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(attributes).forEach((name, value) -> text.append(name).append('=').append(
                value instanceof FileTime time ? time.to(TimeUnit.NANOSECONDS) : value)
                .append(' '));
        return text.toString();
    }

    /// Marks a copy as used.
    static void touch(Path file) {
        try {
            Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis()));
        } catch (IOException e) {
            // It counts as less recently used.
        }
    }

    /// Creates the folder and evicts copies to make room for a new or replaced file.
    ///
    /// @return whether there is room
    boolean makeRoom(Path file, long bytes) {
        try {
            Files.createDirectories(root);
            removeUnfinished();
            List<Path> copies = copies();
            copies.remove(file);
            long others = 0;
            for (Path copy : copies) {
                others += Files.size(copy);
            }
            long room = (Files.getFileStore(root).getUsableSpace() + others) / SHARE;
            copies.sort(Comparator.comparingLong(copy -> copy.toFile().lastModified()));
            for (int i = 0; i < copies.size() && bytes <= room && others + bytes > room; i++) {
                others -= Files.size(copies.get(i));
                Files.delete(copies.get(i));
            }
            return others + bytes <= room;
        } catch (IOException e) {
            return false;
        }
    }

    /// Deletes temporary files of killed programs.
    private void removeUnfinished() throws IOException {
        try (Stream<Path> files = Files.list(root)) {
            for (Path file : files.filter(PackedFolder::isStale).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /// All copies in no order; empty if the folder cannot be read.
    List<Path> copies() {
        if (!Files.isDirectory(root)) {
            return new ArrayList<>();
        }
        try (Stream<Path> files = Files.list(root)) {
            return new ArrayList<>(files.filter(file -> file.toString().endsWith(ENDING)).toList());
        } catch (IOException e) {
            return new ArrayList<>();
        }
    }

    /// The current disk usage.
    public Usage usage() {
        List<Path> copies = copies();
        return new Usage(copies.size(), copies.stream().mapToLong(copy -> copy.toFile().length()).sum());
    }

    /// The copies with their sizes in bytes, the largest first.
    public Map<Path, Long> list() {
        Map<Path, Long> sizes = new LinkedHashMap<>();
        copies().stream().sorted(Comparator.comparingLong((Path copy) -> -copy.toFile().length()))
                .forEach(copy -> sizes.put(copy, copy.toFile().length()));
        return sizes;
    }

    /// Deletes all copies, and what programs that were killed left.
    ///
    /// @return what was deleted
    /// @throws IOException if a file cannot be deleted
    public Usage clear() throws IOException {
        if (!Files.isDirectory(root)) {
            return new Usage(0, 0);
        }
        int count = 0;
        long bytes = 0;
        try (Stream<Path> files = Files.list(root)) {
            for (Path file : files.filter(f -> f.toString().endsWith(ENDING) || isStale(f)).toList()) {
                long size = Files.size(file);
                if (Files.deleteIfExists(file)) {
                    count++;
                    bytes += size;
                }
            }
        }
        return new Usage(count, bytes);
    }

    private static boolean isStale(Path file) {
        return file.toString().endsWith(".tmp")
                && System.currentTimeMillis() - file.toFile().lastModified() > STALE_MILLIS;
    }
}
