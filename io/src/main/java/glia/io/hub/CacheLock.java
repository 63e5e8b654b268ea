package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// An exclusive lock for a file of a cache, among the threads of this process, other Glia processes and the hub's other
/// tools: on Unix by `flock(2)` ([UnixFlock]), on Windows by file locks, as those tools do. The system releases the
/// lock when its process ends; the lock file stays.
final class CacheLock implements AutoCloseable {
    private static final long POLL_MILLIS = 50;
    /// The locks that threads of this process hold.
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path key;
    private final AutoCloseable systemLock;
    private boolean closed;

    private CacheLock(Path key, AutoCloseable systemLock) {
        this.key = key;
        this.systemLock = systemLock;
    }

    /// Waits until the lock is free and acquires it.
    ///
    /// @param file the lock file; created if missing
    /// @param waiting reported once through `progress` if the lock is held
    /// @throws HubException (DISK) if the file cannot be created or locked, (INTERRUPTED)
    static CacheLock acquire(Path file, String waiting, Progress progress) throws HubException {
        boolean reported = false;
        while (true) {
            CacheLock lock = tryAcquire(file);
            if (lock != null) {
                return lock;
            }
            if (!reported) {
                progress.step(waiting);
                reported = true;
            }
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new HubException(Kind.INTERRUPTED, "Stopped while waiting for the lock " + file + ".", e);
            }
        }
    }

    /// @return the lock, or null if it is held
    static CacheLock tryAcquire(Path file) throws HubException {
        Path key = file.toAbsolutePath().normalize();
        if (!HELD.add(key)) {
            return null;
        }
        AutoCloseable systemLock = null;
        try {
            Files.createDirectories(key.getParent());
            systemLock = File.separatorChar == '\\' ? windowsLock(key) : unixLock(key);
            return systemLock == null ? null : new CacheLock(key, systemLock);
        } catch (IOException e) {
            throw Disk.trouble(e, file, 0);
        } finally {
            if (systemLock == null) {
                HELD.remove(key);
            }
        }
    }

    private static UnixFlock unixLock(Path file) throws IOException {
        if (!Files.exists(file)) {
            Files.newByteChannel(file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE)).close();
        }
        return UnixFlock.tryLock(file);
    }

    private static FileChannel windowsLock(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            lock = channel.tryLock(0, 1, false);
            return lock == null ? null : channel;
        } finally {
            if (lock == null) {
                channel.close();
            }
        }
    }

    @Override
    public synchronized void close() throws HubException {
        if (closed) {
            return;
        }
        closed = true;
        try {
            systemLock.close();
        } catch (Exception e) {
            throw new HubException(Kind.DISK, "The lock " + key + " could not be released: " + e.getMessage(), e);
        } finally {
            HELD.remove(key);
        }
    }
}
