package glia.kernels.tiled;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.LongFunction;

/// Memory that is reused from call to call and grows as needed. Its contents are lost when it grows.
public final class Scratch {
    /// Allocates zeroed memory of a size, aligned to 64, freed when no longer reachable.
    public static final LongFunction<MemorySegment> USUAL = size -> Arena.ofAuto().allocate(size, 64);

    private final LongFunction<MemorySegment> source;
    private MemorySegment memory = MemorySegment.NULL;

    /// Creates an empty object.
    public Scratch() {
        this(USUAL);
    }

    /// Creates an empty object.
    ///
    /// @param source allocates memory of a size, aligned to 64
    public Scratch(LongFunction<MemorySegment> source) {
        this.source = source;
    }

    /// Returns the address of at least `sizeBytes` bytes, aligned to 64, valid until the next call.
    public long reserve(long sizeBytes) {
        if (memory.byteSize() < sizeBytes) {
            memory = source.apply(Math.max(sizeBytes, 2 * memory.byteSize()));
        }
        return memory.address();
    }

    /// Creates one for each of `count` workers.
    public static Scratch[] each(int count) {
        return each(count, USUAL);
    }

    /// Creates one for each of `count` workers.
    ///
    /// @param source as for the constructor
    public static Scratch[] each(int count, LongFunction<MemorySegment> source) {
        Scratch[] all = new Scratch[count];
        Arrays.setAll(all, _ -> new Scratch(source));
        return all;
    }
}
