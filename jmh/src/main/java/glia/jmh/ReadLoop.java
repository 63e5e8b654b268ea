package glia.jmh;

import glia.tensor.Memory;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Measures memory bandwidth: all threads read memory and compute only an exclusive or. Over memory that far exceeds
/// the last-level cache this is the limit for kernels that read each weight once.
final class ReadLoop implements Workers.Task {
    private static final VectorSpecies<Long> L = LongVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    /// Bytes that a thread claims at a time: far more than hardware prefetchers need to start.
    private static final int CHUNK = 2 << 20;
    /// Distance between the threads' results, so that they share no cache line.
    private static final int APART = 16;

    private final Workers workers;
    private final MemorySegment memory;
    private final long[] results;

    /// @param megabytes size to read, in MiB
    ReadLoop(Workers workers, Arena arena, int megabytes) {
        this.workers = workers;
        memory = arena.allocate((long) megabytes << 20, 64);
        memory.fill((byte) 1);
        results = new long[workers.count() * APART];
    }

    long numBytes() {
        return memory.byteSize();
    }

    MemorySegment memory() {
        return memory;
    }

    /// Reads all of the memory once with all threads.
    ///
    /// @return the exclusive or of all of its longs
    long run() {
        workers.run(this, Math.toIntExact(Math.ceilDiv(numBytes(), CHUNK)));
        long all = 0;
        for (int i = 0; i < results.length; i += APART) {
            all ^= results[i];
            results[i] = 0;
        }
        return all;
    }

    @Override
    public void run(int chunk, int worker) {
        long from = (long) chunk * CHUNK;
        results[worker * APART] ^= read(memory.address() + from, (int) Math.min(CHUNK, numBytes() - from));
    }

    /// The exclusive or of `bytes` bytes, a multiple of 1024, as longs. Both halves are read side by side: two streams
    /// are a few percent faster than one or four.
    private static long read(long address, int bytes) {
        long from = Memory.address(address);
        int half = bytes / 2;
        int width = L.vectorByteSize();
        LongVector a = LongVector.zero(L);
        LongVector b = LongVector.zero(L);
        LongVector c = LongVector.zero(L);
        LongVector d = LongVector.zero(L);
        for (int i = 0; i < half; i += 2 * width) {
            long at = from + i;
            a = a.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(L, Memory.ALL, at, ORDER));
            b = b.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(L, Memory.ALL, at + half, ORDER));
            c = c.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(L, Memory.ALL, at + width, ORDER));
            d = d.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(L, Memory.ALL, at + half + width, ORDER));
        }
        return a.lanewise(VectorOperators.XOR, b).lanewise(VectorOperators.XOR, c).lanewise(VectorOperators.XOR, d)
                .reduceLanes(VectorOperators.XOR);
    }
}
