package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What collectives move, over threads.
class CollectiveTest {
    /// All operations with values that tell their ranks; as a program of tests with MPI, too.
    static int check(Collective c) {
        int n = c.size();
        int r = c.rank();
        try (Arena arena = Arena.ofShared()) {
            // Rank r sends r + p + 1 bytes of the value 10·r + p to rank p.
            List<MemorySegment> send = new ArrayList<>();
            List<MemorySegment> receive = new ArrayList<>();
            for (int p = 0; p < n; p++) {
                send.add(arena.allocate(r + p + 1).fill((byte) (10 * r + p)));
                receive.add(arena.allocate(r + p + 1));
            }
            long before = c.bytesSent();
            c.allToAll(send, receive);
            long counted = c.bytesSent() - before;
            long expected = 0;
            for (int p = 0; p < n; p++) {
                expected += p == r ? 0 : r + p + 1;
                for (byte b : receive.get(p).toArray(ValueLayout.JAVA_BYTE)) {
                    assertEquals(10 * p + r, b);
                }
            }
            assertEquals(expected, counted);
            List<MemorySegment> slices = new ArrayList<>();
            for (int p = 0; p < n; p++) {
                slices.add(arena.allocate(3 * p));
            }
            slices.get(r).fill((byte) (r + 1));
            before = c.bytesSent();
            c.allGather(slices);
            assertEquals((n - 1) * 3L * r, c.bytesSent() - before);
            for (int p = 0; p < n; p++) {
                for (byte b : slices.get(p).toArray(ValueLayout.JAVA_BYTE)) {
                    assertEquals(p + 1, b);
                }
            }
            MemorySegment word = arena.allocate(5).fill((byte) r);
            c.broadcast(word, n - 1);
            assertEquals(n - 1, word.get(ValueLayout.JAVA_BYTE, 4));
            double[][] numbers = c.all(r, -r);
            assertArrayEquals(new double[] {n - 1, 1 - n}, numbers[n - 1]);
            assertEquals("rank ä" + (n - 1), c.all("rank ä" + r).get(n - 1));
            c.barrier();
        }
        return 0;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void movesWhatItSays(int ranks) {
        ThreadRanks.run(ranks, CollectiveTest::check);
    }

    @Test
    void noRankPassesABarrierBeforeTheOthersReachIt() {
        AtomicInteger arrived = new AtomicInteger();
        ThreadRanks.run(3, c -> {
            for (int i = 1; i <= 50; i++) {
                arrived.incrementAndGet();
                c.barrier();
                assertTrue(arrived.get() >= 3 * i);
                c.barrier();
            }
            return 0;
        });
    }

    /// Others that wait for a rank that failed end with its cause.
    @Test
    void aRankThatFailsEndsTheOthers() {
        AtomicInteger ended = new AtomicInteger();
        IllegalStateException thrown = assertThrows(IllegalStateException.class, () -> ThreadRanks.run(3, c -> {
            if (c.rank() == 1) {
                throw new IllegalStateException("no disk");
            }
            RankException e = assertThrows(RankException.class, c::barrier);
            assertEquals("rank 1 of 3 failed: no disk", e.getMessage());
            assertThrows(RankException.class, () -> c.all(1));
            ended.incrementAndGet();
            return 0;
        }));
        assertEquals("no disk", thrown.getMessage());
        assertEquals(2, ended.get());
    }

    @Test
    void sizesThatDifferAreAnError() {
        assertThrows(RankException.class, () -> ThreadRanks.run(2, c -> {
            c.all(new double[1 + c.rank()]);
            return 0;
        }));
    }
}
