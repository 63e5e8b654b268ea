package glia.io.hub;

import glia.io.Suggestions;
import glia.io.file.Folders;
import glia.io.hub.CachedModel.CachedFile;
import glia.io.hub.CachedModel.Place;
import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Lists and removes cached models. The hub's cache is shared with other tools, so only files that Glia downloaded are
/// removed from it.
public final class ModelCache {
    private final HubCache hubCache;
    private final GliaCache gliaCache;
    private final PulledFiles pulledFiles;

    public ModelCache(HubSettings settings) {
        hubCache = new HubCache(settings.hubCache(), settings.symlinks());
        gliaCache = new GliaCache(settings.gliaCache());
        pulledFiles = new PulledFiles(settings.gliaCache());
    }

    /// The result of a removal.
    ///
    /// @param sizeBytes bytes freed
    /// @param kept files that stay, since another tool downloaded or uses them
    public record Removal(int numFiles, long sizeBytes, List<Path> kept) { }

    /// All models, those of the hub's cache first, each by name.
    ///
    /// @throws HubException (DISK) if a cache cannot be read
    public List<CachedModel> list() throws HubException {
        List<CachedModel> models = new ArrayList<>();
        Set<Path> byGlia = pulledFiles.entries().stream().map(PulledFiles.Entry::content).collect(Collectors.toSet());
        for (HubName name : hubCache.names()) {
            CachedModel model = hubModel(name, byGlia);
            if (!model.files().isEmpty()) {
                models.add(model);
            }
        }
        for (GliaCache.Kind kind : GliaCache.Kind.values()) {
            for (String name : gliaCache.names(kind)) {
                models.add(gliaModel(name, gliaCache.folder(kind, name)));
            }
        }
        return models;
    }

    private CachedModel hubModel(HubName name, Set<Path> byGlia) throws HubException {
        Map<Path, Long> sizes = new HashMap<>();
        List<CachedFile> files = new ArrayList<>();
        Path folder = hubCache.folder(name);
        try {
            for (Path pointer : hubCache.pointers(name)) {
                Path content = HubCache.content(pointer);
                sizes.put(content.toRealPath(), Files.size(content));
                files.add(new CachedFile(fileName(name, pointer), Files.size(content), byGlia.contains(content)));
            }
            for (Path part : hubCache.parts(name)) {
                sizes.put(part, Files.size(part));
                files.add(new CachedFile(part.getFileName().toString(), Files.size(part), byGlia.contains(part)));
            }
        } catch (IOException e) {
            throw Disk.trouble(e, folder, 0);
        }
        long bytes = sizes.values().stream().mapToLong(Long::longValue).sum();
        return new CachedModel(name.repository(), Place.HUB, folder, List.copyOf(files), bytes);
    }

    /// The pointer's name below `snapshots/COMMIT`.
    private String fileName(HubName name, Path pointer) {
        Path relative = hubCache.folder(name).resolve("snapshots").relativize(pointer);
        return relative.subpath(1, relative.getNameCount()).toString().replace('\\', '/');
    }

    private static CachedModel gliaModel(String name, Path folder) throws HubException {
        List<CachedFile> files = new ArrayList<>();
        long bytes = 0;
        for (String file : HubCache.files(folder)) {
            long size = folder.resolve(file).toFile().length();
            files.add(new CachedFile(file, size, true));
            bytes += size;
        }
        return new CachedModel(name, Place.GLIA, folder, List.copyOf(files), bytes);
    }

    /// Removes the files of a model that Glia downloaded or extracted.
    ///
    /// @param name as in [CachedModel#name]
    /// @throws HubException (NOT_FOUND) if no cache has it; (REFUSED) if another tool downloaded all of it, or it is
    ///     being downloaded; (DISK)
    public Removal remove(String name) throws HubException {
        for (GliaCache.Kind kind : GliaCache.Kind.values()) {
            if (gliaCache.names(kind).contains(name)) {
                return removeDerived(kind, name);
            }
        }
        List<String> known = list().stream().map(CachedModel::name).toList();
        if (!known.contains(name)) {
            throw new HubException(Kind.NOT_FOUND, "The caches hold no \"" + FileNames.printable(name)
                + "\" (looked in " + hubCache.root() + " and " + gliaCache.root() + ")."
                + Suggestions.sentence(name, known));
        }
        return removePulled(HubName.parse(name));
    }

    private Removal removeDerived(GliaCache.Kind kind, String name) throws HubException {
        Path folder = gliaCache.folder(kind, name);
        CachedModel model = gliaModel(name, folder);
        try (CacheLock lock = CacheLock.tryAcquire(gliaCache.lock(kind, name))) {
            requireFree(lock, name);
            Folders.delete(folder);
        } catch (IOException e) {
            throw Disk.trouble(e, folder, 0);
        }
        return new Removal(model.files().size(), model.sizeBytes(), List.of());
    }

    private Removal removePulled(HubName name) throws HubException {
        Path folder = hubCache.folder(name);
        List<PulledFiles.Entry> entries =
            pulledFiles.entries().stream().filter(entry -> entry.content().startsWith(folder)).toList();
        if (entries.isEmpty()) {
            throw new HubException(Kind.REFUSED, name + " in " + folder + " was downloaded by another tool, which "
                + "may need it: nothing was removed. Remove it with that tool, or delete the folder yourself.");
        }
        Set<Path> ours = entries.stream().map(PulledFiles.Entry::pointer).collect(Collectors.toSet());
        Set<Path> done = new HashSet<>();
        long bytes = 0;
        try {
            Map<Path, List<Path>> pointers = pointersByContent(name);
            for (PulledFiles.Entry entry : entries) {
                if (done.add(entry.content())) {
                    bytes += removeFile(name, entry.content(), pointers.getOrDefault(entry.content(), List.of()), ours);
                }
            }
            hubCache.prune(name);
            pulledFiles.sweep();
            int numRemoved = (int) done.stream().filter(content -> !Files.exists(content)).count();
            return new Removal(numRemoved, bytes, Stream.concat(hubCache.pointers(name).stream(),
                hubCache.parts(name).stream()).toList());
        } catch (IOException e) {
            throw Disk.trouble(e, folder, 0);
        }
    }

    private Map<Path, List<Path>> pointersByContent(HubName name) throws IOException {
        Map<Path, List<Path>> pointers = new HashMap<>();
        for (Path pointer : hubCache.pointers(name)) {
            pointers.computeIfAbsent(HubCache.content(pointer), _ -> new ArrayList<>()).add(pointer);
        }
        return pointers;
    }

    /// Removes a file that Glia pulled and its snapshot names, unless another tool has added a name.
    ///
    /// @return bytes freed
    private long removeFile(HubName name, Path content, List<Path> pointers, Set<Path> ours) throws IOException {
        String etag = content.getFileName().toString().replaceFirst("\\.incomplete$", "");
        try (CacheLock lock = CacheLock.tryAcquire(hubCache.lock(name, etag))) {
            requireFree(lock, name.repository());
            if (!ours.containsAll(pointers)) {
                return 0;
            }
            for (Path pointer : pointers) {
                Files.delete(pointer);
            }
            long bytes = Files.exists(content) ? Files.size(content) : 0;
            Files.deleteIfExists(content);
            return bytes;
        }
    }

    private static void requireFree(CacheLock lock, String name) throws HubException {
        if (lock == null) {
            throw new HubException(Kind.REFUSED, name + " is being downloaded or unpacked by another program. Wait for "
                + "it, or stop it, and remove the model then.");
        }
    }
}
