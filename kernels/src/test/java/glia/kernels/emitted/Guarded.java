package glia.kernels.emitted;

import glia.kernels.code.SystemMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/// Memory between inaccessible pages: a read or write outside of it ends the JVM.
public final class Guarded {
    private static final long PAGE = 4096;

    private Guarded() { }

    /// Memory whose last byte is the last before an inaccessible page.
    public static MemorySegment atEnd(Arena arena, long sizeBytes) {
        return map(arena, sizeBytes, true);
    }

    /// Memory whose first byte is the first after an inaccessible page.
    public static MemorySegment atStart(Arena arena, long sizeBytes) {
        return map(arena, sizeBytes, false);
    }

    /// One or the other.
    public static MemorySegment either(Arena arena, Random random, long sizeBytes) {
        return map(arena, sizeBytes, random.nextBoolean());
    }

    @SuppressWarnings("restricted")
    private static MemorySegment map(Arena arena, long sizeBytes, boolean atEnd) {
        long inside = Math.ceilDiv(sizeBytes, PAGE) * PAGE;
        long whole = inside + 2 * PAGE;
        long address = SystemMemory.map(whole, SystemMemory.NONE);
        if (address == SystemMemory.FAILED
                || !SystemMemory.protect(address + PAGE, inside, SystemMemory.READ | SystemMemory.WRITE)) {
            throw new IllegalStateException("no guarded memory of " + sizeBytes + " bytes");
        }
        return MemorySegment.ofAddress(address).reinterpret(whole, arena, m -> SystemMemory.unmap(address, whole))
                .asSlice(PAGE + (atEnd ? inside - sizeBytes : 0), sizeBytes);
    }
}
