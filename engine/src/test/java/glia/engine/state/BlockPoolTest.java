package glia.engine.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// What the pool does when the system has no memory, although the limit allows more.
class BlockPoolTest {
    /// Memory of the system that is left, in bytes.
    private long left = 300;

    private BlockPool pool() {
        return new BlockPool(1000, bytes -> {
            if (bytes > left) {
                throw new OutOfMemoryError("there are " + left + " bytes");
            }
            left -= bytes;
            return new Block(bytes);
        });
    }

    /// Free blocks of another size are freed, and their memory is enough.
    @Test
    void freeBlocksOfOtherSizesGiveWay() {
        try (BlockPool pool = pool()) {
            Block small = pool.take(100);
            Block other = pool.take(100);
            pool.release(small);
            left = 0;
            // The system has what the free block had.
            BlockPool.Reclaimer none = () -> false;
            pool.add(none);
            StateMemoryException e = assertThrows(StateMemoryException.class, () -> pool.take(80));
            assertTrue(e.getMessage().startsWith("the system refuses "), e.getMessage());
            assertEquals(100, pool.allocatedBytes(), "the free block was freed");
            left = 100;
            Block taken = pool.take(80);
            assertEquals(180, pool.allocatedBytes());
            pool.release(taken);
            pool.release(other);
            // Of 80 and 100 bytes: the system refuses 110 until both are freed.
            left = 120;
            Block large = pool.take(110);
            assertEquals(110, pool.usedBytes());
            pool.release(large);
        }
    }

    /// The system refuses once and has the memory of a freed block then.
    @Test
    void aSecondTryIsMadeAfterMemoryWasFreed() {
        int[] numTries = {0};
        try (BlockPool pool = new BlockPool(1000, bytes -> {
            if (bytes == 200 && numTries[0]++ == 0) {
                throw new OutOfMemoryError();
            }
            return new Block(bytes);
        })) {
            pool.release(pool.take(100));
            Block large = pool.take(200);
            assertEquals(200, large.bytes);
            assertEquals(2, numTries[0]);
            assertEquals(200, pool.allocatedBytes());
            numTries[0] = 0;
            Block cached = pool.take(300);
            pool.cache(cached);
            pool.release(cached);
            pool.add(() -> {
                boolean isCached = cached.cached > 0;
                if (isCached) {
                    pool.uncache(cached);
                }
                return isCached;
            });
            assertEquals(200, pool.take(200).bytes, "a cache gave its block");
        }
    }
}
