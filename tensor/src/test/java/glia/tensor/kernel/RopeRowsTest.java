package glia.tensor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import glia.tensor.Memory;
import glia.tensor.kernel.RopeTable.Layout;
import org.junit.jupiter.api.Test;

/// The cosines and sines of passes of all forms, one after the other on the same rows.
class RopeRowsTest {
    private static final float[] FREQUENCIES = {1, 0.3f, 0.01f};
    private static final RopeTable TABLE = new RopeTable(FREQUENCIES, 2, Layout.HALF_SPLIT);

    private final RopeRows rows = new RopeRows();

    private long of(RopeTable table, Runs runs) {
        return rows.of(table, runs.positions());
    }

    private static void check(long address, int... positions) {
        int[][] pairs = new int[positions.length][];
        for (int n = 0; n < positions.length; n++) {
            pairs[n] = new int[] {positions[n], positions[n], positions[n]};
        }
        check(address, pairs);
    }

    /// @param positions those of each token's pairs
    private static void check(long address, int[][] positions) {
        for (int n = 0; n < positions.length; n++) {
            for (int i = 0; i < FREQUENCIES.length; i++) {
                double angle = (float) positions[n][i] * FREQUENCIES[i];
                long at = address + n * TABLE.rowBytes() + 4L * i;
                assertEquals((float) Math.cos(angle) * 2, Memory.f32(at));
                assertEquals((float) Math.sin(angle) * 2, Memory.f32(at + TABLE.rowBytes() / 2));
            }
        }
    }

    @Test
    void followsThePositionsOfEachPass() {
        assertEquals(24, TABLE.rowBytes());
        check(of(TABLE, new Runs().add(3, 0)), 0, 1, 2);
        check(of(TABLE, new Runs().add(1, 7).add(2, 0)), 7, 0, 1);
        check(of(TABLE, new Runs().add(2, 4_194_302).add(0, 5).add(3, 4)), 4_194_302, 4_194_303, 4, 5, 6);
        check(of(TABLE, new Runs().add(1, 4_194_304)), 4_194_304);
        check(of(TABLE, new Runs().add(4, 0)), 0, 1, 2, 3);
        check(of(TABLE, new Runs()));
    }

    /// The same tokens on other axes, and one that differs on the last axis only, have rows of their own.
    @Test
    void turnsEachPairByItsAxis() {
        RopeTable axial = new RopeTable(FREQUENCIES, 2, Layout.HALF_SPLIT, new int[] {2, 0, 1});
        for (int last : new int[] {6, 9, 6}) {
            Runs runs = new Runs().begin(4, 1);
            runs.addPositions(1, 3);
            runs.addPositions(2, 10, new int[] {99, 99, 99, 0, 1, 2, 4, 5, last}, 1, 3);
            runs.addPositions(1, 30);
            check(of(axial, runs), new int[][] {{3, 3, 3}, {12, 10, 11}, {10 + last, 14, 15}, {30, 30, 30}});
            check(of(TABLE, runs), 3, 10, 14, 30);
        }
    }

    /// A pass at the end of a long text takes the memory of its own tokens, and a decode loop no more with each token.
    @Test
    void takesNoMemoryForEarlierPositions() {
        Runs runs = new Runs().add(4, 0);
        long first = of(TABLE, runs);
        for (int position = 4; position < 2_000_000_000; position += 499_999_999) {
            runs.clear();
            assertEquals(first, of(TABLE, runs.add(4, position)));
            check(first, position, position + 1, position + 2, position + 3);
        }
    }

    /// A layer may also rotate fewer tokens at other positions that each layer makes again, and rotate back.
    @Test
    void computesRowsOnceForAllLayers() {
        long[] addresses = null;
        for (int layer = 0; layer < 5; layer++) {
            long[] now = {of(TABLE, new Runs().add(8, 5)), of(TABLE, new Runs().add(1, 4).add(1, 8)),
                    of(TABLE.reversed(), new Runs().add(8, 5)), of(TABLE, new Runs().add(1, 5).add(1, 12))};
            if (layer == 0) {
                addresses = now;
            }
            for (int i = 0; i < now.length; i++) {
                assertEquals(addresses[i], now[i]);
                if (layer == 0) {
                    Memory.f32(now[i], i + 10);
                }
                assertEquals(i + 10, Memory.f32(now[i]));
            }
        }
        check(of(TABLE, new Runs().add(9, 5)), 5, 6, 7, 8, 9, 10, 11, 12, 13);
        assertSame(TABLE.reversed(), TABLE.reversed());
    }

    /// A layer's own table, such as that of a window, has its own rows, whatever the number of tables.
    @Test
    void keepsTablesApart() {
        Runs runs = new Runs().add(2, 3);
        for (int i = 0; i < 20; i++) {
            RopeTable other = new RopeTable(new float[] {i}, 1, Layout.INTERLEAVED);
            assertEquals((float) Math.cos(3 * i), Memory.f32(of(other, runs)));
            check(of(TABLE, runs), 3, 4);
        }
    }
}
