package glia.tensor.kernel.tiled;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongFunction;

/// Memory that is kept from call to call and grows when a call needs more. What it held is lost when it grows.
public final class Scratch {
    private final LongFunction<MemorySegment> source;
    private MemorySegment memory = MemorySegment.NULL;

    /// No memory yet.
    public Scratch() {
        this(size -> Arena.ofAuto().allocate(size, 64));
    }

    /// No memory yet.
    ///
    /// @param source gives memory of a size, aligned to 64
    public Scratch(LongFunction<MemorySegment> source) {
        this.source = source;
    }

    /// The address of at least `sizeBytes` bytes, aligned to 64, valid until the next call.
    public long reserve(long sizeBytes) {
        if (memory.byteSize() < sizeBytes) {
            memory = source.apply(Math.max(sizeBytes, 2 * memory.byteSize()));
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
