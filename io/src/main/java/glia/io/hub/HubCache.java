package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/// The hub's cache, in the layout of the hub's own tools:
///
/// ```
/// models--owner--name/blobs/ETAG                  the bytes, under the name of their hash
/// models--owner--name/blobs/ETAG.incomplete       a download that can be resumed
/// models--owner--name/refs/REVISION               the commit of a branch or tag at the last request
/// models--owner--name/snapshots/COMMIT/FILE       a relative symbolic link to the blob; without links, the file itself
/// .locks/models--owner--name/ETAG.lock            held while that blob is downloaded
/// ```
///
/// @param symlinks whether to try symbolic links; where the system refuses them, files are moved or copied
/// @see <a href="https://huggingface.co/docs/huggingface_hub/guides/manage-cache">the layout</a>
record HubCache(Path root, boolean symlinks) {
    private static final String PREFIX = "models--";
    private static final int MAX_DEPTH = 6;
    private static final int MAX_FILES = 20_000;

    Path folder(HubName name) {
        return root.resolve(PREFIX + name.owner() + "--" + name.name());
    }

    Path blob(HubName name, String etag) {
        return folder(name).resolve("blobs").resolve(etag);
    }

    Path incomplete(HubName name, String etag) {
        return folder(name).resolve("blobs").resolve(etag + ".incomplete");
    }

    Path lock(HubName name, String etag) {
        return root.resolve(".locks").resolve(folder(name).getFileName()).resolve(etag + ".lock");
    }

    Path snapshot(HubName name, String commit) {
        return folder(name).resolve("snapshots").resolve(commit);
    }

    /// The snapshot folder of the name's revision, if the cache has it.
    Optional<Path> snapshot(HubName name) throws HubException {
        return commit(name).map(commit -> snapshot(name, commit)).filter(Files::isDirectory);
    }

    private Optional<String> commit(HubName name) throws HubException {
        if (name.isCommit()) {
            return Optional.of(name.revision());
        }
        Path ref = ref(name);
        if (!Files.isRegularFile(ref)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Files.readString(ref).strip()).filter(HubName::isCommit);
        } catch (IOException e) {
            throw Disk.trouble(e, ref, 0);
        }
    }

    private Path ref(HubName name) {
        return folder(name).resolve("refs").resolve(name.revision());
    }

    /// Records the commit of a branch or tag.
    void writeRef(HubName name, String commit) throws HubException {
        if (name.isCommit() || commit(name).equals(Optional.of(commit))) {
            return;
        }
        Path ref = ref(name);
        try {
            Files.createDirectories(ref.getParent());
            Path beside = ref.resolveSibling(ref.getFileName() + "." + UUID.randomUUID() + ".tmp");
            Files.writeString(beside, commit);
            Files.move(beside, ref, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw Disk.trouble(e, ref, 0);
        }
    }

    /// Adds a blob to a snapshot under its file name.
    ///
    /// @param isNew whether the blob was downloaded just now: then no other tool uses it and it may be moved
    /// @return the file that holds the bytes: the blob, or without symbolic links the file of the snapshot
    Path link(Path blob, Path pointer, boolean isNew) throws HubException {
        try {
            Files.createDirectories(pointer.getParent());
            Files.deleteIfExists(pointer);
            if (symlinks && linked(blob, pointer)) {
                return blob;
            }
            if (isNew) {
                Files.move(blob, pointer, StandardCopyOption.ATOMIC_MOVE);
            } else {
                Path beside = pointer.resolveSibling(pointer.getFileName() + "." + UUID.randomUUID() + ".tmp");
                Files.copy(blob, beside);
                Files.move(beside, pointer, StandardCopyOption.ATOMIC_MOVE);
            }
            return pointer;
        } catch (IOException e) {
            throw Disk.trouble(e, pointer, 0);
        }
    }

    private static boolean linked(Path blob, Path pointer) {
        try {
            Files.createSymbolicLink(pointer, pointer.getParent().relativize(blob));
            return true;
        } catch (IOException | UnsupportedOperationException e) {
            return false;  // Windows without the right to create links: the caller moves or copies, as other tools do
        }
    }

    /// The files of a model in its snapshots.
    List<Path> pointers(HubName name) throws HubException {
        Path snapshots = folder(name).resolve("snapshots");
        return Files.isDirectory(snapshots) ? files(snapshots).stream().map(snapshots::resolve).toList() : List.of();
    }

    /// The unfinished downloads of a model.
    List<Path> parts(HubName name) throws HubException {
        Path blobs = folder(name).resolve("blobs");
        return Files.isDirectory(blobs) ? files(blobs).stream().filter(file -> file.endsWith(".incomplete"))
            .map(blobs::resolve).toList() : List.of();
    }

    /// The blob that a snapshot file links to, or the file itself.
    static Path content(Path pointer) throws IOException {
        return Files.isSymbolicLink(pointer)
            ? pointer.getParent().resolve(Files.readSymbolicLink(pointer)).normalize() : pointer;
    }

    /// Deletes empty folders and refs to commits without files.
    void prune(HubName name) throws IOException {
        Path folder = folder(name);
        Path snapshots = folder.resolve("snapshots");
        deleteEmpty(snapshots);
        Path refs = folder.resolve("refs");
        if (Files.isDirectory(refs)) {
            for (String ref : files(refs)) {
                String commit = Files.readString(refs.resolve(ref)).strip();
                if (HubName.isCommit(commit) && !Files.exists(snapshots.resolve(commit))) {
                    Files.delete(refs.resolve(ref));
                }
            }
        }
        deleteEmpty(folder);
    }

    private static void deleteEmpty(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> all = Files.walk(folder)) {
            deepestFirst = all.filter(path -> Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
                .sorted(Comparator.comparingInt(Path::getNameCount).reversed()).toList();
        }
        for (Path directory : deepestFirst) {
            try {
                Files.delete(directory);
            } catch (DirectoryNotEmptyException e) {
                continue;  // it holds files of other tools
            }
        }
    }

    /// The names of all models in the cache, partial ones included.
    List<HubName> names() throws HubException {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(root)) {
            return folders.filter(Files::isDirectory).map(folder -> folder.getFileName().toString())
                .filter(folder -> folder.startsWith(PREFIX)).sorted().flatMap(folder -> name(folder).stream()).toList();
        } catch (IOException e) {
            throw Disk.trouble(e, root, 0);
        }
    }

    private static Optional<HubName> name(String folder) {
        try {
            return Optional.of(HubName.parse(folder.substring(PREFIX.length()).replaceFirst("--", "/")));
        } catch (HubException e) {
            return Optional.empty();  // legacy models without an owner, and other folders
        }
    }

    /// The files of a folder, links followed, as relative names with forward slashes.
    ///
    /// @throws HubException (NOT_FOUND) if there are too many for a model, (DISK)
    static List<String> files(Path folder) throws HubException {
        try (Stream<Path> all = Files.walk(folder, MAX_DEPTH)) {
            List<String> files = all.filter(Files::isRegularFile).limit(MAX_FILES + 1)
                .map(file -> folder.relativize(file).toString().replace('\\', '/')).sorted().toList();
            if (files.size() > MAX_FILES) {
                throw new HubException(Kind.NOT_FOUND, folder + " holds more than " + MAX_FILES
                    + " files, so it is not a model's folder. Name the model's own.");
            }
            return files;
        } catch (IOException e) {
            throw Disk.trouble(e, folder, 0);
        } catch (UncheckedIOException e) {
            throw Disk.trouble(e.getCause(), folder, 0);
        }
    }
}
