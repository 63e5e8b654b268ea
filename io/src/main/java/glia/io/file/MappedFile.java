package glia.io.file;

import glia.io.CheckpointException;
import glia.io.ContentSniffer;
import glia.io.FileErrors;
import glia.io.DisplayText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A file whose header is read by plain reads, which fail with an exception if the file shrinks, and whose tensors are
/// memory-mapped. While open it holds a shared file lock where the system grants one, which excludes programs that take
/// an exclusive lock before they change a file.
///
/// Closing twice has no effect. After closing, [#read] and [#map] throw `IllegalStateException`, and so does access to
/// mapped memory by [MemorySegment].
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
    /// @throws CheckpointException if there is no such file, it is not a regular file, or it cannot be read
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
        } catch (IOException e) {
            throw new CheckpointException(path, "", "cannot be read: " + FileErrors.reason(e)
                    + (FileErrors.isPermission(e) ? "; make it readable for this user" : ""), e);
        }
    }

    /// Takes a lock that is released with the channel. Some file systems have no locks, and a process that opens a file
    /// twice holds its lock already; reading works without one.
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

    /// Fills `target` with the bytes from `offset` on.
    ///
    /// @throws CheckpointException if the file ends before
    /// @throws IllegalStateException if the file is closed
    public void read(ByteBuffer target, long offset) throws CheckpointException {
        requireOpen();
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
            throw new CheckpointException(path, "byte " + at, "cannot be read: " + FileErrors.reason(e), e);
        }
    }

    /// The first bytes, by which [ContentSniffer] recognizes what the file is.
    public byte[] head() throws CheckpointException {
        byte[] head = new byte[(int) Math.min(ContentSniffer.HEAD_BYTES, sizeBytes)];
        read(ByteBuffer.wrap(head), 0);
        return head;
    }

    /// Whether the file begins with these characters.
    public boolean startsWith(String magic) throws CheckpointException {
        return new String(head(), StandardCharsets.ISO_8859_1).startsWith(magic);
    }

    /// Maps the whole file until it is closed.
    ///
    /// @throws IllegalStateException if the file is closed
    public MemorySegment map() throws CheckpointException {
        requireOpen();
        try {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, sizeBytes, arena);
        } catch (IOException e) {
            throw new CheckpointException(path, "", e.getCause() instanceof OutOfMemoryError
                    ? "cannot be mapped: the system refuses " + sizeBytes + " bytes of address space (ulimit -v?)"
                    : "cannot be mapped: " + FileErrors.reason(e), e);
        }
    }

    private void requireOpen() {
        if (!arena.scope().isAlive()) {
            throw new IllegalStateException(DisplayText.escape(path.toString()) + " is closed");
        }
    }

    @Override
    public synchronized void close() {
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
