package glia.train.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Whole folders on the disk.
final class Folders {
    private Folders() { }

    /// All regular files below a folder, sorted.
    static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }

    /// Writes everything in a folder through to the disk.
    static void flush(Path folder) throws IOException {
        for (Path file : files(folder)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
        }
        try (Stream<Path> all = Files.walk(folder)) {
            all.filter(Files::isDirectory).forEach(Folders::flushEntry);
        }
    }

    /// Writes the names in a folder through to the disk, where the system can.
    static void flushEntry(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // Windows opens no folders; it orders renames itself.
        }
    }

    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    /// Deletes what can be deleted and ignores the rest.
    static void deleteQuietly(Path folder) {
        try {
            delete(folder);
        } catch (IOException e) {
            // Left for the next time.
        }
    }
}
