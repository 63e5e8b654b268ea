package glia.engine.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.state.GoldenModels.Golden;
import glia.model.block.Pass.Outputs;
import glia.tensor.kernel.KeyValueType;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Models with sliding windows or recurrent states can be truncated to the ends of blocks.
class SnapshotsTest {
    private static final int BLOCK = Sequence.BLOCK_TOKENS;
    private static final double TOLERANCE = 2e-4;
    private static final GoldenModels MODELS = GoldenModels.SHARED;

    /// Those whose texts are longer than a window or a recurrence can restore.
    static Stream<String> forgetful() {
        return GoldenModels.folders().stream().filter(f -> {
            Golden golden = MODELS.get(f);
            return golden.ids()[0].length > 3 * BLOCK
                    && new StateLayout(new StateSlots(golden.model().spec()).all(), KeyValueType.F32).isLossy();
        });
    }

    /// A chunk that ends with a block leaves nothing to keep.
    private static boolean keepsSomething(Golden golden) {
        StateLayout layout = new StateLayout(new StateSlots(golden.model().spec()).all(), KeyValueType.F32);
        return layout.isRecurrent()
                || layout.groups().stream().anyMatch(g -> g.slides() && g.neededBlocks(BLOCK) > 0);
    }

    private static void feed(Engine engine, Golden golden, Sequence sequence, int to) {
        int from = sequence.length();
        engine.add(sequence, golden.ids()[0], from, to, Outputs.ALL);
        double difference = GoldenModels.difference(golden, 0, from, engine.run().toArray());
        assertTrue(difference < TOLERANCE, () -> "logits differ by " + difference + " from " + from);
    }

    @ParameterizedTest
    @MethodSource("forgetful")
    void goesBackToTheEndOfABlock(String folder) {
        Golden golden = MODELS.get(folder);
        int length = golden.ids()[0].length;
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28)) {
            Sequence sequence = engine.open();
            sequence.keepSnapshots(4);
            engine.prefill(sequence, golden.ids()[0], 0, 2 * BLOCK + 5, () -> false);
            feed(engine, golden, sequence, 3 * BLOCK);
            feed(engine, golden, sequence, length);
            Sequence without = engine.open();
            feed(engine, golden, without, 2 * BLOCK);
            feed(engine, golden, without, length);
            assertFalse(without.truncate(2 * BLOCK), "no snapshot is needed");
            without.close();
            int kept = sequence.truncateToMost(3 * BLOCK - 1);
            assertTrue(kept >= 2 * BLOCK, "kept " + kept);
            feed(engine, golden, sequence, length);
            assertTrue(sequence.truncate(2 * BLOCK));
            feed(engine, golden, sequence, length);
            Sequence fork = sequence.fork();
            sequence.close();
            assertEquals(0, engine.pool().cachedBytes());
            fork.close();
            assertEquals(0, engine.stateBytes());
        }
    }

    /// They are dropped before a sequence fails, and do not count as used.
    @ParameterizedTest
    @MethodSource("forgetful")
    void snapshotsMakeRoom(String folder) {
        Golden golden = MODELS.get(folder);
        int length = golden.ids()[0].length;
        long limit;
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28); Sequence whole = engine.open()) {
            limit = 2 * whole.bytesToAppend(length);
        }
        try (Engine engine = MODELS.engine(golden.model(), limit); Sequence sequence = engine.open();
                Sequence other = engine.open()) {
            sequence.keepSnapshots(100);
            for (int to = BLOCK; to <= length; to += BLOCK) {
                feed(engine, golden, sequence, to);
            }
            assertEquals(keepsSomething(golden), engine.pool().cachedBytes() > 0);
            assertEquals(limit, engine.pool().freeBytes() + engine.stateBytes());
            feed(engine, golden, other, length);
        }
    }

    /// A few, of which the last ones are near one another.
    @Test
    void theyAreFewAndDenserTowardsTheEnd() {
        try (BlockPool pool = new BlockPool(1 << 20); Snapshots snapshots = new Snapshots(pool, 5)) {
            for (int i = 1; i <= 1000; i++) {
                snapshots.add(i * BLOCK, null, new Block[0][]);
            }
            int last = 1000 * BLOCK;
            int previousGap = 0;
            for (int i = 0; i < 5; i++) {
                int at = snapshots.longest(last).length();
                assertTrue(i > 0 || at == 1000 * BLOCK, "the last is kept");
                int gap = last - at;
                assertTrue(gap >= previousGap / 2, "gap " + gap + " after " + previousGap);
                previousGap = gap;
                last = at - 1;
            }
            assertTrue(last < 900 * BLOCK, "one is far back, not at " + last);
            assertEquals(null, snapshots.longest(last));
            snapshots.truncate(1000 * BLOCK - 1);
            assertTrue(snapshots.longest(1000 * BLOCK).length() < 1000 * BLOCK);
        }
    }
}
