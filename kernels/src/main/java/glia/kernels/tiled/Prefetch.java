package glia.kernels.tiled;

import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Rows of memory that a thread will need soon. The loops of attention ask the caches for as many lines as they read
/// themselves, a few at a time: what is asked for faster than it comes, the processor drops. It is kept in memory,
/// since emitted code reads it and goes on in it.
public final class Prefetch {
    /// Where the numbers of 64 bits lie: the address of the next line,
    public static final int NEXT = 0;
    /// of the end of all rows,
    public static final int END = 8;
    /// and of the present row; how many bytes lie between rows;
    public static final int ROW_END = 16;
    public static final int GAP = 24;
    /// and how many from the end of one to the end of the next.
    public static final int STEP = 32;
    /// Bytes of a line, which is asked for as a whole.
    public static final int LINE = 64;

    private final MemorySegment memory = Arena.ofAuto().allocate(LINE, LINE);
    private final long address = memory.address();

    /// Notes rows in place of those before.
    ///
    /// @param step bytes from row to row, at least `sizeBytes`
    /// @param rows 0 for no memory at all
    public void set(long from, long step, int rows, long sizeBytes) {
        // Rows without gaps are one.
        long rowBytes = step == sizeBytes ? rows * step : sizeBytes;
        Memory.i64(address + NEXT, from);
        Memory.i64(address + END, from + rows * step);
        Memory.i64(address + ROW_END, from + rowBytes);
        Memory.i64(address + GAP, step - sizeBytes);
        Memory.i64(address + STEP, step);
    }

    /// Where the numbers lie.
    public long address() {
        return address;
    }
}
