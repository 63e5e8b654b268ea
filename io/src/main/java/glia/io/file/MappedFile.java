package glia.io.file;

import glia.io.CheckpointException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A file that is read in two ways: its header by plain reads, which fail with an exception should the file shrink,
/// and its tensors by a map of the whole. While it is open it holds a shared lock where the system grants one, which
/// keeps away programs that ask for an exclusive lock before they change a file.
public final class MappedFile implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;
    private final long sizeBytes;
    private final Arena arena = Arena.ofShared();

    private MappedFile(Path path, FileChannel channel, long sizeBytes) {
        this.path = path;
        this.channel = channel;
        this.sizeBytes = sizeBytes;
    }

    /// Opens a file for reading.
    ///
    /// @throws CheckpointException if there is no such file, it is none that can be mapped, or may not be read
    public static MappedFile open(Path path) throws CheckpointException {
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new CheckpointException(path, "", Files.isDirectory(path)
                    ? "is a folder, expected a file" : "is not a regular file and cannot be mapped");
        }
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            try {
                lock(channel);
                return new MappedFile(path, channel, channel.size());
            } catch (Throwable e) {
                channel.close();
                throw e;
            }
        } catch (NoSuchFileException e) {
            throw new CheckpointException(path, "", "there is no such file", e);
        } catch (AccessDeniedException e) {
            throw new CheckpointException(path, "", "may not be read by this user", e);
        } catch (IOException e) {
            throw new CheckpointException(path, "", "cannot be opened: " + e, e);
        }
    }

    /// The lock goes with the channel. Some file systems have none, and within one program a file that is open twice
    /// has been locked already; reading is safe without it as long as nobody truncates the file.
    private static void lock(FileChannel channel) {
        try {
            channel.tryLock(0, Long.MAX_VALUE, true);
        } catch (IOException | OverlappingFileLockException e) {
            // Read without it.
        }
    }

    public Path path() {
        return path;
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    /// Reads `target` full from the file's byte `offset` on.
    ///
    /// @throws CheckpointException if the file ends before
    public void read(ByteBuffer target, long offset) throws CheckpointException {
        long at = offset;
        try {
            while (target.hasRemaining()) {
                int n = channel.read(target, at);
                if (n < 0) {
                    throw new CheckpointException(path, "byte " + at, "the file ends here, expected "
                            + target.remaining() + " bytes more");
                }
                at += n;
            }
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(path, "byte " + at, "cannot be read: " + e, e);
        }
    }

    /// Maps the whole file until it is closed.
    public MemorySegment map() throws CheckpointException {
        try {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, sizeBytes, arena);
        } catch (IOException e) {
            throw new CheckpointException(path, "", e.getCause() instanceof OutOfMemoryError
                    ? "cannot be mapped: the system refuses " + sizeBytes + " bytes of address space (ulimit -v?)"
                    : "cannot be mapped: " + e, e);
        }
    }

    @Override
    public void close() {
        if (!arena.scope().isAlive()) {
            return;
        }
        arena.close();
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
