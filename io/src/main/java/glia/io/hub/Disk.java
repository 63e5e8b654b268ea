package glia.io.hub;

import glia.io.FileErrors;
import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;

/// Errors of the local disk: which file, what failed, what to try.
final class Disk {
    private static final String MOVE = "set HF_HOME (the hub's cache) and GLIA_CACHE (Glia's cache) to other folders";

    private Disk() { }

    /// An error in one of the caches.
    ///
    /// @param file the file in question
    /// @param neededBytes bytes that were still to be written, 0 if unknown
    static HubException trouble(IOException e, Path file, long neededBytes) {
        if (e instanceof HubException hub) {
            return hub;
        }
        if (FileErrors.isDiskFull(e)) {
            return full(file, neededBytes, freeBytes(file), e);
        }
        Path place = e instanceof FileSystemException f && f.getFile() != null ? Path.of(f.getFile()) : file;
        String advice = FileErrors.isPermission(e) ? "Make it readable and writable for this user, or " + MOVE
            : "Check the disk and the folder, or " + MOVE;
        return new HubException(Kind.DISK, place + ": " + FileErrors.reason(e) + ". " + advice + ".", e);
    }

    /// An error with a file or folder that the user named.
    static HubException unreadable(IOException e, Path file) {
        return e instanceof HubException hub ? hub : new HubException(Kind.DISK, file + " cannot be read: "
            + FileErrors.reason(e) + "." + (FileErrors.isPermission(e) ? " Make it readable for this user." : ""), e);
    }

    /// Checks that there is room before anything is written.
    static void require(Path file, long neededBytes) throws HubException {
        long free = freeBytes(file);
        if (free >= 0 && neededBytes > free) {
            throw full(file, neededBytes, free, null);
        }
    }

    private static HubException full(Path file, long neededBytes, long freeBytes, Throwable cause) {
        return new HubException(Kind.DISK, "The disk of " + file.getParent() + " is full: "
            + (neededBytes > 0 ? ProgressMeter.size(neededBytes) + " needed, " : "")
            + ProgressMeter.size(Math.max(freeBytes, 0)) + " free. Free some space (`glia models` lists the caches), "
            + "or " + MOVE + "; then run the command again: a download resumes where it stopped.", cause);
    }

    /// -1 where the file system does not report it.
    private static long freeBytes(Path file) {
        Path at = file.toAbsolutePath();
        while (at != null && !Files.exists(at)) {
            at = at.getParent();
        }
        try {
            return at == null ? -1 : Files.getFileStore(at).getUsableSpace();
        } catch (IOException | ReadOnlyFileSystemException e) {
            return -1;
        }
    }
}
