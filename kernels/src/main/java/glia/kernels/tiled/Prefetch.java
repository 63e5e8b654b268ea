package glia.kernels.tiled;

import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Rows of memory to prefetch. The loops of attention prefetch as many lines as they read, a few at a time: processors
/// drop prefetches that exceed the memory's rate. It is in native memory, since emitted code reads and advances it.
public final class Prefetch {
    /// Offsets of the 64-bit fields: the address of the next line,
    public static final int NEXT = 0;
    /// of the end of all rows,
    public static final int END = 8;
    /// of the end of the current row; the number of bytes between rows,
    public static final int ROW_END = 16;
    public static final int GAP = 24;
    /// and from the end of one row to the end of the next.
    public static final int STEP = 32;
    /// Size of a cache line, in bytes.
    public static final int LINE = 64;

    private final MemorySegment memory = Arena.ofAuto().allocate(LINE, LINE);
    private final long address = memory.address();

    /// Sets the rows, replacing the previous ones.
    ///
    /// @param step bytes from row to row, at least `sizeBytes`
    /// @param rows 0 for nothing
    public void set(long from, long step, int rows, long sizeBytes) {
        // Rows without gaps are one row.
        long rowBytes = step == sizeBytes ? rows * step : sizeBytes;
        Memory.i64(address + NEXT, from);
        Memory.i64(address + END, from + rows * step);
        Memory.i64(address + ROW_END, from + rowBytes);
        Memory.i64(address + GAP, step - sizeBytes);
        Memory.i64(address + STEP, step);
    }

    /// The address of the fields.
    public long address() {
        return address;
    }
}
