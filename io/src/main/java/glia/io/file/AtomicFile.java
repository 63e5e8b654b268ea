package glia.io.file;

import glia.io.CheckpointException;
import glia.io.FileErrors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/// Writes a file atomically: the content goes into a temporary file in the same folder, which is flushed to the disk
/// and then renamed. The file name always refers to the complete old or the complete new content. The old file is never
/// truncated, so processes that have it mapped keep its content.
///
/// An existing file is replaced only with [IfExists#REPLACE]. Commands that write where a user says pass
/// [IfExists#FAIL] unless the user asked to overwrite; the check comes first, before any content is computed, and is
/// repeated atomically at the end.
public final class AtomicFile {
    private static final int PIECE_BYTES = 64 << 10;
    private static final int HUGE_PAGE = 2 << 20;

    /// Action for a target that exists already.
    public enum IfExists {
        /// Throw an exception and leave it as it is.
        FAIL,
        /// Replace it by the new content.
        REPLACE
    }

    /// Writes the content.
    @FunctionalInterface
    public interface Body {
        void write(Output out) throws IOException;
    }

    /// Receives the content. The file is written in pieces that begin and end at multiples of the piece size.
    public static final class Output {
        private final FileChannel channel;
        private final MemorySegment memory;
        private final ByteBuffer piece;
        private long written;

        private Output(FileChannel channel, int pieceBytes, Arena arena) {
            this.channel = channel;
            memory = arena.allocate(pieceBytes);
            piece = memory.asByteBuffer();
        }

        public void write(byte[] bytes) throws IOException {
            write(MemorySegment.ofArray(bytes));
        }

        public void write(MemorySegment bytes) throws IOException {
            for (long at = 0, count; at < bytes.byteSize(); at += count) {
                count = Math.min(piece.remaining(), bytes.byteSize() - at);
                MemorySegment.copy(bytes, at, memory, piece.position(), count);
                piece.position(piece.position() + (int) count);
                if (!piece.hasRemaining()) {
                    flush();
                }
            }
        }

        /// Writes zeros up to the next multiple of `alignment`.
        public void pad(int alignment) throws IOException {
            long at = written + piece.position();
            write(new byte[(int) (TensorEntry.align(at, alignment) - at)]);
        }

        private void flush() throws IOException {
            written += piece.flip().remaining();
            while (piece.hasRemaining()) {
                channel.write(piece);
            }
            piece.clear();
        }
    }

    private AtomicFile() { }

    /// Writes `target`.
    ///
    /// @throws CheckpointException if it exists and may not be replaced, or if writing fails (a full disk, no
    ///     permission). Then the target is unchanged and no temporary file is left
    public static void write(Path target, IfExists ifExists, Body body) throws CheckpointException {
        write(target, ifExists, PIECE_BYTES, body);
    }

    /// Writes or replaces `target` in pieces of 2 MiB, for a file that is mapped and read as a whole: where the file
    /// system supports huge pages in its page cache, the map has fewer pages to touch.
    public static void writeInHugePages(Path target, Body body) throws CheckpointException {
        write(target, IfExists.REPLACE, HUGE_PAGE, body);
    }

    private static void write(Path target, IfExists ifExists, int pieceBytes, Body body) throws CheckpointException {
        Path folder = target.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new CheckpointException(target, "", "cannot be written: there is no folder " + folder);
        }
        if (ifExists == IfExists.FAIL) {
            requireAbsent(target);
        }
        Path beside = folder.resolve(".glia-" + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".tmp");
        try {
            try (Arena arena = Arena.ofConfined();
                    FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE,
                    StandardOpenOption.CREATE_NEW)) {
                Output out = new Output(channel, pieceBytes, arena);
                body.write(out);
                out.flush();
                channel.force(true);
            }
            if (ifExists == IfExists.FAIL) {
                moveToNew(beside, target);
            } else {
                Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
            }
            Folders.flushNames(folder);
        } catch (FileAlreadyExistsException e) {
            throw exists(target);
        } catch (IOException e) {
            throw new CheckpointException(target, "", "cannot be written: " + FileErrors.reason(e) + advice(e, folder)
                    + "; nothing was changed", e);
        } finally {
            delete(beside);
        }
    }

    /// Checks that there is no file, folder or link of this name.
    ///
    /// @throws CheckpointException if there is
    public static void requireAbsent(Path target) throws CheckpointException {
        if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            throw exists(target);
        }
    }

    private static CheckpointException exists(Path target) {
        return new CheckpointException(target, "", "already exists and was not overwritten; choose another name, or "
                + "delete it first");
    }

    /// Renames without replacing. A hard link fails atomically where the name is taken; file systems without hard
    /// links get a check and a rename.
    private static void moveToNew(Path beside, Path target) throws IOException {
        try {
            Files.createLink(target, beside);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (IOException | UnsupportedOperationException e) {
            Files.move(beside, target);
        }
    }

    private static String advice(IOException e, Path folder) {
        if (FileErrors.isPermission(e)) {
            return ". Choose a folder that this user may write to, or change the permissions of " + folder;
        }
        try {
            return " (" + Files.getFileStore(folder).getUsableSpace() + " bytes free in " + folder + ")";
        } catch (IOException _) {
            return "";
        }
    }

    private static void delete(Path beside) throws CheckpointException {
        try {
            Files.deleteIfExists(beside);
        } catch (IOException e) {
            throw new CheckpointException(beside, "", "cannot be removed: " + e.getMessage(), e);
        }
    }
}
