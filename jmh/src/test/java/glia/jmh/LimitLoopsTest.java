package glia.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The loops that measure the machine do the work that they report.
class LimitLoopsTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void everyByteIsRead(int threads) {
        try (Arena arena = Arena.ofShared(); Workers workers = new Workers(threads)) {
            KernelBenchmark.ReadLoop loop = new KernelBenchmark.ReadLoop(workers, arena, 5);
            assertEquals(5 << 20, loop.numBytes());
            MemorySegment memory = loop.memory();
            SplittableRandom random = new SplittableRandom(threads);
            long all = 0;
            for (long at = 0; at < memory.byteSize(); at += Long.BYTES) {
                long value = random.nextLong();
                memory.set(ValueLayout.JAVA_LONG, at, value);
                all ^= value;
            }
            assertEquals(all, loop.run());
            assertEquals(all, loop.run());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void everyAdditionIsDone(int threads) {
        try (Workers workers = new Workers(threads)) {
            for (int rounds : new int[] {0, 1, 1000}) {
                FmaLoop loop = new FmaLoop(workers, rounds);
                assertEquals(loop.numOps() / 2.0, loop.run());
            }
        }
    }
}
