package glia.io.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The record of the files that Glia downloaded into the shared hub cache: one JSON object per line in a file of Glia's
/// own cache. Only these files may be removed. A file counts as Glia's only while it has the recorded size and time, so
/// that a file by which another tool replaced it is kept.
final class PulledFiles {
    private static final JsonMapper JSON = new JsonMapper();

    private final Path file;
    private final Path lock;

    PulledFiles(Path gliaCache) {
        this.file = gliaCache.resolve("hub-files.jsonl");
        this.lock = gliaCache.resolve("hub-files.lock");
    }

    /// @param content the file with the bytes: a blob, a partial one, or without symbolic links the file of the
    ///     snapshot
    /// @param pointer the file's name in the snapshot
    /// @param sizeBytes -1 for a partial file, which grows
    record Entry(Path content, Path pointer, long sizeBytes, long modifiedMillis) {
        static Entry part(Path incomplete, Path pointer) {
            return new Entry(incomplete, pointer, -1, 0);
        }

        static Entry whole(Path content, Path pointer) throws IOException {
            return new Entry(content, pointer, Files.size(content), Files.getLastModifiedTime(content).toMillis());
        }

        /// Whether the file exists with the recorded size and time.
        boolean holds() throws IOException {
            return Files.isRegularFile(content, LinkOption.NOFOLLOW_LINKS)
                && (sizeBytes < 0 || equals(whole(content, pointer)));
        }
    }

    void add(Entry entry) throws HubException {
        try (var _ = lock()) {
            Files.writeString(file, line(entry), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw Disk.trouble(e, file, 0);
        }
    }

    private static String line(Entry entry) {
        return JSON.writeValueAsString(Map.of("content", entry.content().toString(), "pointer",
            entry.pointer().toString(), "bytes", entry.sizeBytes(), "modified", entry.modifiedMillis())) + "\n";
    }

    /// The entries whose files are unchanged.
    List<Entry> entries() throws HubException {
        try {
            List<Entry> entries = new ArrayList<>();
            for (Entry entry : read()) {
                if (entry.holds()) {
                    entries.add(entry);
                }
            }
            return entries;
        } catch (IOException e) {
            throw Disk.trouble(e, file, 0);
        }
    }

    private List<Entry> read() throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
            try {
                JsonNode json = JSON.readTree(line);
                entries.add(new Entry(Path.of(json.path("content").asString()),
                    Path.of(json.path("pointer").asString()), json.path("bytes").asLong(),
                    json.path("modified").asLong()));
            } catch (JacksonException | InvalidPathException e) {
                continue;  // an incomplete line after a crash: its file counts as another tool's
            }
        }
        return entries;
    }

    /// Removes the entries whose files are gone or changed.
    void sweep() throws HubException {
        try (var _ = lock()) {
            var lines = new StringBuilder();
            for (Entry entry : entries()) {
                lines.append(line(entry));
            }
            Path beside = file.resolveSibling("hub-files.tmp");
            Files.writeString(beside, lines);
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw Disk.trouble(e, file, 0);
        }
    }

    private CacheLock lock() throws HubException {
        return CacheLock.acquire(lock, "Waiting for another Glia to finish with its records", Progress.NONE);
    }
}
