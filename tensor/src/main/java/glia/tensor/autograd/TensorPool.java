package glia.tensor.autograd;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.CountedMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// An allocator of F32 matrices that may be released in any order, for gradients of activations. It allocates the
/// smallest free piece that fits (best fit) and merges free neighbors, so that passes with other shapes can reuse the
/// memory. After one pass, passes like it allocate nothing.
public final class TensorPool implements AutoCloseable {
    private static final long CHUNK_BYTES = 1L << 18;
    private static final long ALIGNMENT = 64;

    /// A memory chunk and its free pieces: size in bytes by offset. Memory that is only counted has no chunks' memory.
    private record Chunk(MemorySegment memory, long size, TreeMap<Long, Long> free) { }

    private record Piece(Chunk chunk, long offset, long size) { }

    private Arena arena = Arena.ofShared();
    private final List<Chunk> chunks = new ArrayList<>();
    private final Map<Tensor, Piece> taken = new IdentityHashMap<>();

    private final Optional<CountedMemory> counted;

    public TensorPool() {
        counted = Optional.empty();
    }

    /// A pool that counts what it would hold.
    TensorPool(CountedMemory memory) {
        counted = Optional.of(memory);
    }

    /// Allocates an uninitialized matrix.
    public Tensor allocate(int rows, int cols) {
        long bytes = DType.F32.bytes((long) rows * cols);
        long size = Math.max(1, Math.ceilDiv(bytes, ALIGNMENT)) * ALIGNMENT;
        Piece piece = take(size);
        Tensor t = counted.isPresent() ? counted.get().tensor(DType.F32, rows, cols)
                : Tensor.of(DType.F32, piece.chunk.memory.asSlice(piece.offset, bytes), rows, cols);
        taken.put(t, piece);
        return t;
    }

    private Chunk chunk(long bytes) {
        return new Chunk(counted.isPresent() ? MemorySegment.NULL : arena.allocate(bytes, ALIGNMENT), bytes,
                new TreeMap<>(Map.of(0L, bytes)));
    }

    private Piece take(long size) {
        Chunk bestChunk = null;
        long bestOffset = 0;
        long best = Long.MAX_VALUE;
        for (Chunk chunk : chunks) {
            for (Map.Entry<Long, Long> piece : chunk.free.entrySet()) {
                if (piece.getValue() >= size && piece.getValue() < best) {
                    bestChunk = chunk;
                    bestOffset = piece.getKey();
                    best = piece.getValue();
                }
            }
        }
        if (bestChunk == null) {
            best = Math.max(CHUNK_BYTES, size);
            bestChunk = chunk(best);
            chunks.add(bestChunk);
        }
        bestChunk.free.remove(bestOffset);
        if (best > size) {
            bestChunk.free.put(bestOffset + size, best - size);
        }
        return new Piece(bestChunk, bestOffset, size);
    }

    /// Releases a matrix.
    ///
    /// @throws IllegalArgumentException if it was not allocated from this pool
    public void release(Tensor t) {
        Piece piece = taken.remove(t);
        if (piece == null) {
            throw new IllegalArgumentException(t + " was not allocated from this pool, or was already released");
        }
        TreeMap<Long, Long> free = piece.chunk.free;
        long offset = piece.offset;
        long size = piece.size;
        Map.Entry<Long, Long> before = free.lowerEntry(offset);
        if (before != null && before.getKey() + before.getValue() == offset) {
            free.remove(before.getKey());
            offset = before.getKey();
            size += before.getValue();
        }
        Long after = free.remove(piece.offset + piece.size);
        free.put(offset, size + (after == null ? 0 : after));
    }

    /// Releases everything. Several chunks become one as large as all of them.
    public void clear() {
        taken.clear();
        if (chunks.size() > 1) {
            long bytes = sizeBytes();
            arena.close();
            arena = Arena.ofShared();
            chunks.clear();
            chunks.add(chunk(bytes));
        }
        for (Chunk chunk : chunks) {
            chunk.free.clear();
            chunk.free.put(0L, chunk.size);
        }
    }

    /// Size of the memory held, in bytes.
    public long sizeBytes() {
        return chunks.stream().mapToLong(Chunk::size).sum();
    }

    /// Bytes allocated and not yet released.
    public long usedBytes() {
        return taken.values().stream().mapToLong(Piece::size).sum();
    }

    /// Frees the memory; tensors of this pool may not be used afterwards.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
