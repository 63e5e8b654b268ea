package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A stack allocator of F32 matrices for the activations of a pass. A pass that allocates the same shapes in the same
/// order as an earlier one gets the same tensors, so nothing is allocated or zeroed in the steady state.
public final class Workspace implements AutoCloseable {
    /// The first piece of memory is small, for small models; each later one is twice as large, up to this size.
    private static final long FIRST_BYTES = 256L << 10;
    private static final long CHUNK_BYTES = 16L << 20;
    private static final long ALIGNMENT = 64;
    /// Tensors cached at one height of the stack: the sublayers of a pass differ in shape, and so do passes.
    private static final int NUM_CACHED = 16;

    /// An allocated tensor, and the end of the stack before and after it.
    private record Slot(Tensor tensor, int chunkBefore, long offsetBefore, int chunk, long end) {
        /// Bytes of the tensor, padded.
        long bytes() {
            return padded(tensor.sizeBytes());
        }

        boolean fits(int rows, int cols, int atChunk, long atOffset) {
            return tensor.cols() == cols && tensor.rows() == rows && offsetBefore == atOffset && chunkBefore == atChunk;
        }
    }

    /// The tensors last allocated at one height of the stack.
    private static final class Height {
        private final Slot[] cached = new Slot[NUM_CACHED];
        private int oldest;
        private Slot current;
        private long usedBefore;
    }

    /// The tensors allocated from a mark on. After `release` of that mark, `reopen` allocates the same tensors again.
    public static final class Window {
        private final int mark;
        private final Slot[] slots;

        private Window(int mark, Slot[] slots) {
            this.mark = mark;
            this.slots = slots;
        }

        public int size() {
            return slots.length;
        }

        /// A tensor, in the order of their allocation.
        public Tensor tensor(int i) {
            return slots[i].tensor;
        }
    }

    private final long chunkBytes;
    private final Optional<CountedMemory> counted;
    private Arena arena = Arena.ofShared();
    private final List<MemorySegment> chunks = new ArrayList<>();
    private final List<Height> heights = new ArrayList<>();
    private int next;
    private int chunk;
    private long offset;
    private long used;
    private long peak;

    public Workspace() {
        this(CHUNK_BYTES);
    }

    /// @param chunkBytes the size up to which the least size of a piece of memory grows
    Workspace(long chunkBytes) {
        this.chunkBytes = chunkBytes;
        counted = Optional.empty();
    }

    /// A workspace that counts what it would hold.
    Workspace(CountedMemory memory) {
        chunkBytes = 0;
        counted = Optional.of(memory);
    }

    /// Allocates an uninitialized F32 matrix, valid until `release` of an earlier mark.
    public Tensor allocate(int rows, int cols) {
        if (next == heights.size()) {
            heights.add(new Height());
        }
        Height height = heights.get(next++);
        Slot slot = find(height, rows, cols);
        height.current = slot;
        height.usedBefore = used;
        used += slot.bytes();
        peak = Math.max(peak, used);
        chunk = slot.chunk;
        offset = slot.end;
        return slot.tensor;
    }

    private Slot find(Height height, int rows, int cols) {
        for (Slot slot : height.cached) {
            if (slot != null && slot.fits(rows, cols, chunk, offset)) {
                return slot;
            }
        }
        Slot placed = place(rows, cols);
        height.cached[height.oldest] = placed;
        height.oldest = (height.oldest + 1) % NUM_CACHED;
        return placed;
    }

    private Slot place(int rows, int cols) {
        int at = chunk;
        long start = offset;
        long bytes = DType.F32.bytes((long) rows * cols);
        long padded = padded(bytes);
        if (counted.isPresent()) {
            return new Slot(counted.get().tensor(DType.F32, rows, cols), at, start, at, start + padded);
        }
        while (at < chunks.size() && chunks.get(at).byteSize() - start < padded) {
            at++;
            start = 0;
        }
        if (at == chunks.size()) {
            long least = Math.min(chunkBytes, FIRST_BYTES << Math.min(chunks.size(), 20));
            chunks.add(arena.allocate(Math.max(least, padded), ALIGNMENT));
        }
        Tensor t = Tensor.of(DType.F32, chunks.get(at).asSlice(start, bytes), rows, cols);
        return new Slot(t, chunk, offset, at, start + padded);
    }

    private static long padded(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /// The current height of the stack.
    public int mark() {
        return next;
    }

    /// Frees everything allocated since the mark.
    public void release(int mark) {
        if (mark < next) {
            next = mark;
            chunk = heights.get(mark).current.chunkBefore;
            offset = heights.get(mark).current.offsetBefore;
            used = heights.get(mark).usedBefore;
        }
    }

    /// Returns what has been allocated since a mark.
    public Window window(int mark) {
        Slot[] slots = new Slot[next - mark];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = heights.get(mark + i).current;
        }
        return new Window(mark, slots);
    }

    /// Allocates the tensors of a window again, at the same addresses.
    ///
    /// @throws IllegalStateException unless the stack is as high as when the window began
    public void reopen(Window window) {
        if (next != window.mark) {
            throw new IllegalStateException("the workspace is at " + next + ", expected " + window.mark);
        }
        for (Slot slot : window.slots) {
            Height height = heights.get(next++);
            height.current = slot;
            height.usedBefore = used;
            used += slot.bytes();
            chunk = slot.chunk;
            offset = slot.end;
        }
    }

    /// Replaces several pieces of memory by one that is as large as everything that was allocated at the same time so
    /// far. All tensors of this workspace become invalid, unless there is one piece already.
    ///
    /// @throws IllegalStateException if anything is allocated
    public void consolidate() {
        if (next > 0) {
            throw new IllegalStateException(next + " matrices are allocated");
        }
        if (chunks.size() > 1) {
            arena.close();
            arena = Arena.ofShared();
            chunks.clear();
            heights.clear();
            chunks.add(arena.allocate(peak, ALIGNMENT));
        }
    }

    /// Size of the memory held, in bytes.
    public long sizeBytes() {
        return counted.isPresent() ? peak : chunks.stream().mapToLong(MemorySegment::byteSize).sum();
    }

    /// Frees the memory; tensors of this workspace may not be used afterwards.
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
