package glia.tensor.kernel.tiled;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Memory that is kept from call to call and grows when a call needs more. What it held is lost when it grows.
public final class Scratch {
    private MemorySegment memory = MemorySegment.NULL;

    /// No memory yet.
    public Scratch() { }

    /// The address of at least `sizeBytes` bytes, aligned to 64, valid until the next call.
    public long reserve(long sizeBytes) {
        if (memory.byteSize() < sizeBytes) {
            memory = Arena.ofAuto().allocate(Math.max(sizeBytes, 2 * memory.byteSize()), 64);
        }
        return memory.address();
    }

    /// One for each of `count` workers.
    public static Scratch[] each(int count) {
        Scratch[] all = new Scratch[count];
        for (int i = 0; i < count; i++) {
            all[i] = new Scratch();
        }
        return all;
    }
}
