package glia.io.hub;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// Glia's own cache folder, for what it derives: `KIND/NAME/` folders, each made once and whole or not at all.
record GliaCache(Path root) {
    private static final int SWEEPS = 20;

    /// What a folder holds.
    enum Kind {
        /// Taken out of a zip or wheel that a user named.
        ARCHIVES,
        /// Taken out of a Python package that Glia had fetched.
        PACKAGES,
        /// Unpacked from Glia itself.
        EMBEDDED;

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

    /// The folder of this name: the one that is there, or one that `filler` fills beside its place and that is then
    /// renamed. One thread or process fills, others wait. What a killed process left is swept away first.
    ///
    /// @throws HubException from the filler, or (DISK)
    Path make(Kind kind, String name, Progress progress, Filler filler) throws HubException {
        Path folder = folder(kind, name);
        if (Files.isDirectory(folder)) {
            return folder;
        }
        Path part = folder.resolveSibling("." + name + ".part");
        try (var _ = CacheLock.acquire(lock(kind, name), "Another Glia is unpacking " + name + "; waiting", progress)) {
            if (Files.isDirectory(folder)) {
                return folder;
            }
            delete(part);
            Files.createDirectories(part);
            try (var _ = new ExitHook(() -> sweep(part))) {
                filler.fill(part);
                Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                delete(part);
            }
            return folder;
        } catch (IOException e) {
            throw Disk.trouble(e, folder, 0);
        }
    }

    /// Deletes a folder into which others may still write, as far as that goes.
    private static void sweep(Path part) {
        for (int attempt = 0; attempt < SWEEPS && Files.exists(part); attempt++) {
            try {
                delete(part);
            } catch (IOException e) {
                continue;  // a file came or went meanwhile; what stays is swept by whoever makes the folder next
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

    /// Deletes a folder and all in it, links themselves and not what they point to.
    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException e) throws IOException {
                if (e != null) {
                    throw e;
                }
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
