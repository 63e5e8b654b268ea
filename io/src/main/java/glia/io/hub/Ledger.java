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

/// What Glia itself put into the hub's shared cache: one JSON object a line in Glia's own folder. Only what stands here
/// may be removed again. A file counts as Glia's only while it has the size and time that were noted: one that another
/// tool has put in its place since is not.
final class Ledger {
    private static final JsonMapper JSON = new JsonMapper();

    private final Path file;
    private final Path lock;

    Ledger(Path gliaCache) {
        this.file = gliaCache.resolve("hub-files.jsonl");
        this.lock = gliaCache.resolve("hub-files.lock");
    }

    /// @param content the file with the bytes: a blob, a part of one, or a snapshot's file where there are no links
    /// @param pointer the file's name in the snapshot
    /// @param sizeBytes -1 for a part, which grows
    record Entry(Path content, Path pointer, long sizeBytes, long modifiedMillis) {
        static Entry part(Path incomplete, Path pointer) {
            return new Entry(incomplete, pointer, -1, 0);
        }

        static Entry whole(Path content, Path pointer) throws IOException {
            return new Entry(content, pointer, Files.size(content), Files.getLastModifiedTime(content).toMillis());
        }

        /// Whether the file is there and still the one that was noted.
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

    /// All entries that still hold.
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
                continue;  // half a line, from a write that was cut off: its file then counts as somebody else's
            }
        }
        return entries;
    }

    /// Forgets the entries that do not hold any more.
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
