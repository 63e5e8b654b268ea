package glia.engine.state;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// The memory of all sequences: pages of a few sizes, taken and given back, never more than a limit in all.
/// Belongs to the engine's thread.
public final class PagePool implements AutoCloseable {
    private static final long SLAB_BYTES = 4L << 20;
    private static final long ALIGNMENT = 64;

    private static final class FreeList {
        private long[] addresses = new long[16];
        private int count;

        void push(long address) {
            if (count == addresses.length) {
                addresses = Arrays.copyOf(addresses, 2 * count);
            }
            addresses[count++] = address;
        }
    }

    private final Arena arena = Arena.ofShared();
    private final Map<Long, FreeList> free = new HashMap<>();
    private final long limitBytes;
    private long usedBytes;
    private long heldBytes;

    /// @param limitBytes the most that pages may take together
    public PagePool(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /// The address of a page of `bytes` bytes. What it holds is left over from its last user.
    ///
    /// @throws StateMemoryException if the limit is reached
    long take(long bytes) {
        FreeList list = free.computeIfAbsent(bytes, size -> new FreeList());
        if (list.count == 0) {
            grow(list, bytes);
        }
        usedBytes += bytes;
        return list.addresses[--list.count];
    }

    void giveBack(long address, long bytes) {
        usedBytes -= bytes;
        free.get(bytes).push(address);
    }

    private void grow(FreeList list, long bytes) {
        long room = (limitBytes - heldBytes) / bytes;
        if (room < 1) {
            throw new StateMemoryException("keys and values take " + mebibytes(heldBytes) + " MiB, the limit is "
                    + mebibytes(limitBytes) + " MiB: use a smaller --context, fewer streams or more memory");
        }
        long count = Math.min(room, Math.max(1, SLAB_BYTES / bytes));
        MemorySegment slab;
        try {
            slab = arena.allocate(count * bytes, ALIGNMENT);
        } catch (OutOfMemoryError e) {
            throw new StateMemoryException("the system refuses " + mebibytes(count * bytes)
                    + " MiB more for keys and values, beside the " + mebibytes(heldBytes) + " MiB they have: "
                    + "use a smaller --context or fewer streams");
        }
        heldBytes += count * bytes;
        for (long i = count - 1; i >= 0; i--) {
            list.push(slab.address() + i * bytes);
        }
    }

    private static long mebibytes(long bytes) {
        return bytes >> 20;
    }

    /// Bytes in pages that sequences use.
    public long usedBytes() {
        return usedBytes;
    }

    @Override
    public void close() {
        arena.close();
    }
}
