package glia.engine.state;

import glia.io.FileErrors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;

/// The file of KV cache blocks that have no room in memory. Blocks are written by plain writes, which fail with an
/// exception when the disk is full, and read through memory maps. The file has no name once it is open (on Unix), so no
/// other program can change or shorten it, and nothing of it is left when the process ends, however it ends.
///
/// The file is written on a thread of its own: an interrupt of a thread that writes would close it.
final class BlockFile implements AutoCloseable {
    /// Mapped at once: systems limit the number of maps.
    private static final long EXTENT_BYTES = 256L << 20;
    private static final long ALIGNMENT = 4096;
    private static final int PIECE_BYTES = 64 << 20;

    /// A bound on memory and the folder of the file to which blocks beyond it move. A quarter of the memory is for
    /// pages of the file that a layer reads.
    record Overflow(long memoryBytes, Path folder) {
        /// The memory, and nine tenths of what is free on the disk.
        long limitBytes() {
            Path there = folder.toAbsolutePath();
            while (!Files.exists(there) && there.getParent() != null) {
                there = there.getParent();
            }
            try {
                return memoryBytes + Files.getFileStore(there).getUsableSpace() / 10 * 9;
            } catch (IOException e) {
                return Long.MAX_VALUE / 2;
            }
        }

        long windowBytes() {
            return memoryBytes / 4;
        }
    }

    /// A place in the file, and its map.
    record Slot(long offset, MemorySegment content) { }

    private final FileChannel channel;
    private final Arena arena = Arena.ofShared();
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("glia-kv-file").factory());
    /// Free slots by their size.
    private final Map<Long, Deque<Slot>> free = new HashMap<>();
    private long sizeBytes;

    /// @param folder where the file is; created if need be
    BlockFile(Path folder) throws IOException {
        Files.createDirectories(folder);
        Path path = folder.resolve("kv-" + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".tmp");
        channel = onThread(() -> FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ,
                StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE));
    }

    /// Work with the file.
    private interface Io<T> {
        T run() throws IOException;
    }

    private <T> T onThread(Io<T> work) throws IOException {
        try {
            return CompletableFuture.supplyAsync(() -> {
                try {
                    return work.run();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }, thread).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof UncheckedIOException io ? io.getCause()
                    : new IOException(FileErrors.reason(new IOException(e.getCause())), e.getCause());
        }
    }

    /// Writes a block to a free slot.
    ///
    /// @throws IOException if the disk is full, for example; then nothing has changed
    Slot write(MemorySegment block) throws IOException {
        Deque<Slot> slots = free.computeIfAbsent(block.byteSize(), _ -> new ArrayDeque<>());
        if (slots.isEmpty()) {
            extend(block.byteSize(), slots);
        }
        Slot slot = slots.peek();
        onThread(() -> {
            for (long at = 0, count; at < block.byteSize(); at += count) {
                count = Math.min(PIECE_BYTES, block.byteSize() - at);
                ByteBuffer piece = block.asSlice(at, count).asByteBuffer();
                while (piece.hasRemaining()) {
                    channel.write(piece, slot.offset + at + piece.position());
                }
            }
            return null;
        });
        return slots.pop();
    }

    /// Adds an extent of slots of one size. Its bytes take no space on the disk until they are written.
    private void extend(long blockBytes, Deque<Slot> slots) throws IOException {
        long slotBytes = Math.ceilDiv(blockBytes, ALIGNMENT) * ALIGNMENT;
        long count = Math.max(1, EXTENT_BYTES / slotBytes);
        MemorySegment map = onThread(() -> {
            channel.write(ByteBuffer.allocate(1), sizeBytes + count * slotBytes - 1);
            return channel.map(FileChannel.MapMode.READ_ONLY, sizeBytes, count * slotBytes, arena);
        });
        for (long i = 0; i < count; i++) {
            slots.add(new Slot(sizeBytes + i * slotBytes, map.asSlice(i * slotBytes, blockBytes)));
        }
        sizeBytes += count * slotBytes;
    }

    /// Frees a slot for other blocks of its size.
    void free(Slot slot) {
        free.get(slot.content.byteSize()).push(slot);
    }

    @Override
    public void close() {
        try {
            onThread(() -> {
                channel.close();
                return null;
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            thread.shutdown();
            arena.close();
        }
    }
}
