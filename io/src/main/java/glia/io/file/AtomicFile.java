package glia.io.file;

import glia.io.CheckpointException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/// Writes a file so that at each moment its name stands for the old content or for the new, whole: into a new file
/// beside it, which is flushed to the disk and then renamed. The old file is never truncated, so that whoever has it
/// mapped keeps it.
public final class AtomicFile {
    private static final int PIECE_BYTES = 64 << 10;
    private static final int HUGE_PAGE = 2 << 20;

    /// What writes the content.
    @FunctionalInterface
    public interface Body {
        void write(Output out) throws IOException;
    }

    /// Where the content goes. It is written in pieces that begin and end at multiples of their size.
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

    /// Writes or replaces `target`.
    ///
    /// @throws CheckpointException if that fails, be it that the disk is full; then nothing has changed and nothing
    ///     half written is left
    public static void write(Path target, Body body) throws CheckpointException {
        write(target, PIECE_BYTES, body);
    }

    /// The same for a file that will be mapped and read as a whole: a system that can keeps it in huge pages, since it
    /// is written in such, and whoever maps it has fewer pages to touch.
    public static void writeInHugePages(Path target, Body body) throws CheckpointException {
        write(target, HUGE_PAGE, body);
    }

    private static void write(Path target, int pieceBytes, Body body) throws CheckpointException {
        Path folder = target.toAbsolutePath().getParent();
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(target, "", "cannot be written: there is no folder " + folder);
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
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
            flushFolder(folder);
        } catch (IOException e) {
            delete(beside);
            throw new CheckpointException(target, "", "cannot be written: " + e.getMessage() + " ("
                    + freeBytes(folder) + " bytes free); nothing was changed", e);
        } finally {
            delete(beside);
        }
    }

    /// Makes the renaming last. Not every system can open a folder; those that cannot order it themselves.
    private static void flushFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // The file itself is on the disk.
        }
    }

    private static String freeBytes(Path folder) {
        try {
            return Long.toString(Files.getFileStore(folder).getUsableSpace());
        } catch (IOException e) {
            return "unknown";
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
