package glia.engine.state;

import glia.io.hub.HubSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// The folder of KV caches of prompts: for each model a folder with a file for each 64 tokens, named by a hash of these
/// and all tokens before them. Each file may be deleted at any time, also while other programs use the folder: files
/// are complete when they get their names, and are checked when they are read.
public record PromptFolder(Path root) {
    private static final String ABOUT = "model";
    private static final String UNFINISHED = ".tmp";
    private static final long STALE_MILLIS = 3_600_000;

    /// `prompts` in Glia's cache folder.
    public static PromptFolder ofThisUser() {
        return in(HubSettings.gliaCacheFolder());
    }

    /// `prompts` in a cache folder.
    public static PromptFolder in(Path gliaCache) {
        return new PromptFolder(gliaCache.resolve("prompts"));
    }

    /// The prompts of one model, loaded with the same options.
    ///
    /// @param files the model's files
    /// @param numFiles its number of files, each for up to 64 tokens
    /// @param lastUse in milliseconds since 1970
    public record Usage(Path folder, List<Path> files, int numFiles, long sizeBytes, long lastUse) { }

    private record Entry(Path path, long bytes, long time) { }

    /// The models with prompts, the last used first.
    public List<Usage> list() {
        List<Usage> found = new ArrayList<>();
        for (Path folder : children(root)) {
            List<Entry> entries = entries(folder);
            entries.removeIf(e -> e.path.endsWith(ABOUT));
            found.add(new Usage(folder, modelFiles(folder), entries.size(),
                    entries.stream().mapToLong(Entry::bytes).sum(),
                    entries.stream().mapToLong(Entry::time).max().orElse(0)));
        }
        found.sort(Comparator.comparingLong(Usage::lastUse).reversed());
        return found;
    }

    /// Deletes all prompts.
    ///
    /// @return bytes freed
    public long clear() throws IOException {
        return remove(children(root));
    }

    /// Deletes the prompts of models whose files no longer exist.
    ///
    /// @return bytes freed
    public long sweep() throws IOException {
        return remove(children(root).stream().filter(folder -> modelFiles(folder).isEmpty()
                || modelFiles(folder).stream().anyMatch(Files::notExists)).toList());
    }

    private static long remove(List<Path> folders) throws IOException {
        long bytes = 0;
        for (Path folder : folders) {
            for (Entry entry : entries(folder)) {
                bytes += entry.bytes;
                Files.deleteIfExists(entry.path);
            }
            Files.deleteIfExists(folder);
        }
        return bytes;
    }

    /// Creates the folder of a model.
    ///
    /// @param name of the folder
    /// @param files the model's files
    Path open(String name, List<Path> files) throws IOException {
        Path folder = Files.createDirectories(root.resolve(name));
        Path about = folder.resolve(ABOUT);
        if (Files.notExists(about)) {
            Path unfinished = Files.createTempFile(folder, ABOUT, UNFINISHED);
            Files.writeString(unfinished, String.join("\n", files.stream().map(Path::toString).toList()));
            Files.move(unfinished, about, StandardCopyOption.ATOMIC_MOVE);
        }
        return folder;
    }

    private static List<Path> modelFiles(Path folder) {
        try {
            return Files.readString(folder.resolve(ABOUT), StandardCharsets.UTF_8).lines().map(Path::of).toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /// Deletes the least recently used files, and what killed programs left, until all take nine tenths of the limit.
    ///
    /// @param needed names of files that stay
    /// @return bytes of the files that are left
    long evict(long limitBytes, Set<String> needed) throws IOException {
        List<Entry> all = new ArrayList<>();
        children(root).forEach(folder -> all.addAll(entries(folder)));
        all.removeIf(entry -> entry.path.endsWith(ABOUT));
        long bytes = all.stream().mapToLong(Entry::bytes).sum();
        boolean isFull = bytes > limitBytes;
        all.sort(Comparator.comparingLong(Entry::time));
        long stale = System.currentTimeMillis() - STALE_MILLIS;
        for (Entry entry : all) {
            String name = entry.path.getFileName().toString();
            boolean isUnfinished = name.endsWith(UNFINISHED);
            if (isUnfinished ? entry.time < stale
                    : isFull && bytes > limitBytes / 10 * 9 && !needed.contains(name)) {
                Files.deleteIfExists(entry.path);
                bytes -= entry.bytes;
            }
        }
        return bytes;
    }

    private static List<Path> children(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static List<Entry> entries(Path folder) {
        List<Entry> entries = new ArrayList<>();
        for (Path file : children(folder)) {
            try {
                entries.add(new Entry(file, Files.size(file), Files.getLastModifiedTime(file).toMillis()));
            } catch (NoSuchFileException e) {
                // Another program deleted it.
            } catch (IOException e) {
                entries.add(new Entry(file, 0, 0));
            }
        }
        return entries;
    }
}
