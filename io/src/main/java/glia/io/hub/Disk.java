package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.regex.Pattern;

/// Trouble with the local disk, in words.
final class Disk {
    /// How Linux, macOS and Windows say that a disk or a quota is full.
    private static final Pattern FULL =
        Pattern.compile("(?i).*(no space left|not enough space|disk quota exceeded|disk is full).*", Pattern.DOTALL);

    private Disk() { }

    /// @param file the file in question
    /// @param neededBytes what was still to be written, 0 where unknown
    static HubException trouble(IOException e, Path file, long neededBytes) {
        if (e instanceof HubException hub) {
            return hub;
        }
        if (e.getMessage() != null && FULL.matcher(e.getMessage()).matches()) {
            return full(file, neededBytes, freeBytes(file), e);
        }
        String reason = e instanceof AccessDeniedException ? "access denied" : e.getClass().getSimpleName()
            + (e.getMessage() == null ? "" : ": " + e.getMessage());
        return new HubException(Kind.DISK, file + " cannot be read or written (" + reason + "). Its folder must be "
            + "writable; HF_HOME and GLIA_CACHE move the caches.", e);
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
            + (neededBytes > 0 ? Meter.size(neededBytes) + " are needed, " : "")
            + Meter.size(Math.max(freeBytes, 0)) + " are free. Make room (`glia models` shows what the caches hold), "
            + "or move the caches with HF_HOME and GLIA_CACHE; then try again: a download goes on where it stopped.",
            cause);
    }

    /// -1 where the file system does not say.
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
