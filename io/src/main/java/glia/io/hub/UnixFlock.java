package glia.io.hub;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// `flock(2)` on an existing file, as the hub's other tools use it. On Linux it is independent of the record locks
/// (`fcntl`) of [java.nio.channels.FileLock]: neither excludes the other.
///
/// @see <a href="https://man7.org/linux/man-pages/man2/flock.2.html">flock(2)</a>
final class UnixFlock implements AutoCloseable {
    private static final int O_RDWR = 2;
    private static final int LOCK_EXCLUSIVE_NOT_BLOCKING = 2 | 4;
    /// `EACCES`, `EAGAIN` of Linux and `EWOULDBLOCK` of macOS: the lock is held.
    private static final int EACCES = 13;
    private static final int EPERM = 1;
    private static final int ENOSPC = 28;
    private static final int EROFS = 30;
    private static final int EAGAIN_LINUX = 11;
    private static final int EWOULDBLOCK_MAC = 35;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemoryLayout CALL_STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CALL_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    /// `open` takes a variable third argument, which is read only when it creates a file.
    private static final MethodHandle OPEN = function("open",
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
        Linker.Option.firstVariadicArg(2));
    private static final MethodHandle FLOCK =
        function("flock", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle CLOSE =
        function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private final int descriptor;
    private boolean closed;

    private UnixFlock(int descriptor) {
        this.descriptor = descriptor;
    }

    @SuppressWarnings("restricted")
    private static MethodHandle function(String name, FunctionDescriptor signature, Linker.Option... more) {
        var options = new ArrayList<>(List.of(more));
        options.add(Linker.Option.captureCallState("errno"));
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), signature,
            options.toArray(Linker.Option[]::new));
    }

    /// @return the lock, or null if it is held
    /// @throws IOException if the file cannot be opened or the file system does not support locks
    static UnixFlock tryLock(Path file) throws IOException {
        try (var arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int descriptor = (int) OPEN.invokeExact(state, arena.allocateFrom(file.toString()), O_RDWR);
            if (descriptor < 0) {
                throw error(file, "open", (int) ERRNO.get(state, 0L));
            }
            if ((int) FLOCK.invokeExact(state, descriptor, LOCK_EXCLUSIVE_NOT_BLOCKING) == 0) {
                return new UnixFlock(descriptor);
            }
            int error = (int) ERRNO.get(state, 0L);
            closeDescriptor(state, descriptor);
            if (error == EAGAIN_LINUX || error == EWOULDBLOCK_MAC || error == EACCES) {
                return null;
            }
            throw error(file, "flock", error);
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a C function threw", e);
        }
    }

    private static IOException error(Path file, String call, int errno) {
        return switch (errno) {
            case EACCES, EPERM -> new AccessDeniedException(file.toString());
            case EROFS -> new FileSystemException(file.toString(), null, "Read-only file system");
            case ENOSPC -> new FileSystemException(file.toString(), null, "No space left on device");
            default -> new FileSystemException(file.toString(), null, call + " failed with error " + errno
                + (call.equals("flock") ? "; the file system may not support locks" : ""));
        };
    }

    private static int closeDescriptor(MemorySegment state, int descriptor) throws Throwable {
        return (int) CLOSE.invokeExact(state, descriptor);
    }

    /// Releases the lock. The file stays: if it were removed, waiting processes would lock a file that others do not
    /// see. Closing twice has no effect, so that a reused descriptor number is not closed.
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try (var arena = Arena.ofConfined()) {
            closeDescriptor(arena.allocate(CALL_STATE), descriptor);
        } catch (Throwable e) {
            throw new AssertionError("a C function threw", e);
        }
    }
}
