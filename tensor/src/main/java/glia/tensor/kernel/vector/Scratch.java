package glia.tensor.kernel.vector;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Memory that is kept from call to call and grows when a call needs more. What it held is lost when it grows.
final class Scratch {
    private MemorySegment memory = MemorySegment.NULL;

    /// The address of at least `sizeBytes` bytes, aligned to 64, valid until the next call.
    long reserve(long sizeBytes) {
        if (memory.byteSize() < sizeBytes) {
            memory = Arena.ofAuto().allocate(Math.max(sizeBytes, 2 * memory.byteSize()), 64);
        }
        return memory.address();
    }

    /// One for each of `count` workers.
    static Scratch[] each(int count) {
        Scratch[] all = new Scratch[count];
        for (int i = 0; i < count; i++) {
            all[i] = new Scratch();
        }
        return all;
    }
}
