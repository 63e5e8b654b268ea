package glia.kernels.tiled;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.LongFunction;

/// Memory that is kept from call to call and grows when a call needs more. What it held is lost when it grows.
public final class Scratch {
    private static final LongFunction<MemorySegment> USUAL = size -> Arena.ofAuto().allocate(size, 64);

    private final LongFunction<MemorySegment> source;
    private MemorySegment memory = MemorySegment.NULL;

    /// No memory yet.
    public Scratch() {
        this(USUAL);
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
        return each(count, USUAL);
    }

    /// One for each of `count` workers.
    ///
    /// @param source as of the constructor
    public static Scratch[] each(int count, LongFunction<MemorySegment> source) {
        Scratch[] all = new Scratch[count];
        Arrays.setAll(all, _ -> new Scratch(source));
        return all;
    }
}
