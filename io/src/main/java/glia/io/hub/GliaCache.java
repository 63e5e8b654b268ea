package glia.io.hub;

import glia.io.file.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// Glia's own cache of derived files: folders `KIND/NAME/`, each created atomically.
record GliaCache(Path root) {
    private static final int DELETE_ATTEMPTS = 20;

    /// The content of a folder.
    enum Kind {
        /// Extracted from a zip or wheel that a user named.
        ARCHIVES,
        /// Extracted from a Python package.
        PACKAGES,
        /// A model that is shipped with Glia.
        BUNDLED;

        String folder() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// Fills a new folder with files.
    @FunctionalInterface
    interface Filler {
        void fill(Path folder) throws IOException;
    }

    Path folder(Kind kind, String name) {
        return root.resolve(kind.folder()).resolve(name);
    }

    /// The folder of this name. If it does not exist, `filler` fills a temporary folder, which is then renamed. One
    /// thread or process fills it while others wait; the remains of a killed process are deleted first.
    ///
    /// @throws HubException from the filler, or (DISK)
    Path make(Kind kind, String name, Progress progress, Filler filler) throws HubException {
        Path folder = folder(kind, name);
        if (Files.isDirectory(folder)) {
            return folder;
        }
        Path part = folder.resolveSibling("." + name + ".part");
        String waiting = "Another Glia process is unpacking " + name + "; waiting";
        try (var _ = CacheLock.acquire(lock(kind, name), waiting, progress)) {
            if (Files.isDirectory(folder)) {
                return folder;
            }
            Folders.delete(part);
            Files.createDirectories(part);
            try (var _ = new Pip.ExitHook(() -> deleteIfPossible(part))) {
                filler.fill(part);
                Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Folders.delete(part);
            }
            return folder;
        } catch (IOException e) {
            throw Disk.trouble(e, folder, 0);
        }
    }

    /// Deletes a folder into which other threads may still write, as far as possible.
    private static void deleteIfPossible(Path part) {
        for (int attempt = 0; attempt < DELETE_ATTEMPTS && Files.exists(part); attempt++) {
            try {
                Folders.delete(part);
            } catch (IOException e) {
                continue;  // files changed meanwhile; the rest is deleted when the folder is created the next time
            }
        }
    }

    Path lock(Kind kind, String name) {
        return root.resolve("locks").resolve(kind.folder() + "-" + name + ".lock");
    }

    /// The names of all folders of a kind.
    List<String> names(Kind kind) throws HubException {
        Path parent = root.resolve(kind.folder());
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(parent)) {
            return folders.filter(Files::isDirectory).map(folder -> folder.getFileName().toString())
                .filter(name -> !name.startsWith(".")).sorted().toList();
        } catch (IOException e) {
            throw Disk.trouble(e, parent, 0);
        }
    }
}
