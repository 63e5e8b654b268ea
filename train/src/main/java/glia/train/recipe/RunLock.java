package glia.train.recipe;

import glia.io.CheckpointException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// The lock of a run's folder: one process at a time trains there. The system releases it when a process ends in any
/// way. The file `.lock` stays; it marks a folder in which a run was begun.
final class RunLock implements AutoCloseable {
    static final String NAME = ".lock";

    private final Path folder;
    private final FileChannel channel;

    private RunLock(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    /// Locks a folder.
    ///
    /// @throws CheckpointException if a run in this folder is going on, or the file cannot be written
    static RunLock take(Path folder) throws CheckpointException {
        Path file = folder.resolve(NAME);
        FileChannel channel = null;
        try {
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return new RunLock(folder, channel);
            }
            channel.close();
        } catch (OverlappingFileLockException e) {
            close(channel);
        } catch (IOException e) {
            close(channel);
            throw new CheckpointException(file, "", "cannot be locked: " + e.getMessage(), e);
        }
        throw new CheckpointException(folder, "", "holds a run that another process trains right now; wait for its end,"
                + " stop it, or give another output");
    }

    private static void close(FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // Nothing was written.
        }
    }

    /// Deletes the file, and the folder if it is empty then: no run was begun.
    void remove() throws IOException {
        Files.deleteIfExists(folder.resolve(NAME));
        close();
        RunFolder.deleteIfEmpty(folder);
    }

    @Override
    public void close() {
        close(channel);
    }
}
