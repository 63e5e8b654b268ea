package glia.engine.state;

import glia.model.spec.Remembered;
import java.lang.foreign.MemorySegment;

/// The numbers of a recurrence: those after the last token that counts, and those that a pass is writing.
final class RecurrentMemory implements Memory {
    private final PagePool pool;
    private final long bytes;
    /// 0 while the sequence is empty.
    private long current;
    /// 0 outside of a pass.
    private long next;
    private int length;

    RecurrentMemory(Remembered.Recurrence of, PagePool pool) {
        this(pool, (long) of.size() * Float.BYTES);
    }

    private RecurrentMemory(PagePool pool, long bytes) {
        this.pool = pool;
        this.bytes = bytes;
    }

    /// The numbers before a pass, or 0 if the sequence is empty.
    long before() {
        return current;
    }

    /// Where a pass writes the numbers after it.
    ///
    /// @throws StateMemoryException if there is no room
    long after() {
        // Recurrences share their heads among threads, each of which may be the first to ask.
        synchronized (pool) {
            if (next == 0 && bytes > 0) {
                next = pool.take(bytes);
            }
            return next;
        }
    }

    @Override
    public void advance(int newLength) {
        length = newLength;
        if (next != 0) {
            giveBack(current);
            current = next;
            next = 0;
        }
    }

    /// There is no way back inside a recurrence.
    @Override
    public boolean canTruncate(int newLength) {
        return newLength == length || newLength == 0;
    }

    @Override
    public void truncate(int newLength) {
        giveBack(next);
        next = 0;
        if (newLength == 0) {
            giveBack(current);
            current = 0;
        }
        length = newLength;
    }

    @Override
    public Memory copy(int ofLength) {
        RecurrentMemory copy = new RecurrentMemory(pool, bytes);
        copy.length = ofLength;
        if (current != 0) {
            copy.current = pool.take(bytes);
            MemorySegment.copy(glia.tensor.Memory.ALL, current, glia.tensor.Memory.ALL, copy.current, bytes);
        }
        return copy;
    }

    private void giveBack(long address) {
        if (address != 0) {
            pool.giveBack(address, bytes);
        }
    }
}
