package glia.engine.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.state.GoldenModels.Golden;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.model.block.Pass.Outputs;
import glia.model.block.Weights;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A sequence that begins with a cached prefix goes on as one that was fed all of it.
class PrefixCacheTest {
    private static final int BLOCK = Sequence.BLOCK_TOKENS;
    private static final double TOLERANCE = 2e-4;
    private static final GoldenModels MODELS = GoldenModels.SHARED;

    static Stream<String> folders() {
        return GoldenModels.folders().stream();
    }

    private static boolean isLossy(Golden golden) {
        return new StateLayout(new StateSlots(golden.model().spec()).all(), KeyValueType.F32).isLossy();
    }

    /// Feeds what a sequence lacks of a text and checks the last logits.
    private static void complete(Engine engine, Golden golden, Sequence sequence, int text) {
        int[] ids = golden.ids()[text];
        float[] logits = engine.prefillCached("", sequence, ids, () -> false).toArray();
        assertEquals(ids.length, sequence.length());
        double difference = GoldenModels.difference(golden, text, ids.length - 1, logits);
        assertTrue(difference < TOLERANCE, () -> "logits differ by " + difference);
    }

    /// Feeds `ids[length..to)` of a text and checks all logits.
    private static void feed(Engine engine, Golden golden, Sequence sequence, int text, int to) {
        int from = sequence.length();
        engine.add(sequence, golden.ids()[text], from, to, Outputs.ALL);
        double difference = GoldenModels.difference(golden, text, from, engine.run().toArray());
        assertTrue(difference < TOLERANCE, () -> "logits differ by " + difference + " from " + from);
    }

    private static int common(int[] a, int[] b) {
        return Arrays.mismatch(a, b);
    }

    /// The second text finds what it has in common with the first; with sliding windows or recurrent states it is
    /// computed once more and the third text finds it.
    @ParameterizedTest
    @MethodSource("folders")
    void textsShareWhatTheyHaveInCommon(String folder) {
        Golden golden = MODELS.get(folder);
        int[][] ids = golden.ids();
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28)) {
            PrefixCache cache = engine.prefixCache();
            Sequence first = cache.open("", ids[0]);
            assertEquals(0, first.length());
            complete(engine, golden, first, 0);
            Sequence second = cache.open("", ids[1]);
            int common = common(ids[0], ids[1]);
            boolean inWholeBlock = BlockGroup.blocksOf(common) * BLOCK <= ids[0].length;
            if (isLossy(golden)) {
                assertTrue(second.length() <= common, "found " + second.length());
            } else {
                assertEquals(inWholeBlock ? common : 0, second.length());
            }
            complete(engine, golden, second, 1);
            cache.insertAndClose("", first, ids[0]);
            Sequence third = cache.open("", ids[2]);
            common = Math.max(common(ids[0], ids[2]), common(ids[1], ids[2]));
            if (isLossy(golden)) {
                assertTrue(third.length() >= Math.min(common, common(ids[0], ids[1])) / BLOCK * BLOCK
                        && third.length() <= common, "found " + third.length());
            } else {
                assertEquals(common, third.length());
            }
            complete(engine, golden, third, 2);
            second.close();
            third.close();
            assertEquals(0, engine.stateBytes());
        }
    }

    /// Also where it ends within a block, for all kinds of state.
    @ParameterizedTest
    @MethodSource("folders")
    void aConversationGoesOnWhereItEnded(String folder) {
        Golden golden = MODELS.get(folder);
        int length = golden.ids()[0].length;
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28)) {
            PrefixCache cache = engine.prefixCache();
            for (int end : new int[] {7, BLOCK - 1, BLOCK, BLOCK + 5, length * 2 / 3}) {
                if (end < length) {
                    Sequence sequence = cache.open("", Arrays.copyOf(golden.ids()[0], end + 1));
                    feed(engine, golden, sequence, 0, end);
                    cache.insertAndClose("", sequence, golden.ids()[0]);
                    Sequence next = cache.open("", Arrays.copyOf(golden.ids()[0], end + 1));
                    assertEquals(end, next.length());
                    feed(engine, golden, next, 0, length);
                    next.close();
                }
            }
            assertEquals(0, engine.stateBytes());
            cache.clear();
            assertEquals(0, engine.pool().cachedBytes());
        }
    }

    /// The logits of the last token are needed, so that at most all tokens but one are found.
    @Test
    void theSameTextFindsAllButItsLastToken() {
        Golden golden = MODELS.get("llama");
        int[] ids = golden.ids()[0];
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28)) {
            Sequence first = engine.prefixCache().open("", ids);
            complete(engine, golden, first, 0);
            engine.prefixCache().insertAndClose("", first, ids);
            Sequence second = engine.prefixCache().open("", ids);
            assertEquals(ids.length - 1, second.length());
            complete(engine, golden, second, 0);
            assertEquals(0, engine.prefixCache().find("", new int[0]));
            assertEquals(0, engine.prefixCache().find("", Arrays.copyOf(ids, 1)));
            assertEquals(1, engine.prefixCache().find("", Arrays.copyOf(ids, 2)));
        }
    }

    @Test
    void keysKeepApart() {
        Golden golden = MODELS.get("llama");
        int[] ids = golden.ids()[0];
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28)) {
            PrefixCache cache = engine.prefixCache();
            Sequence sequence = engine.open();
            feed(engine, golden, sequence, 0, 130);
            cache.insert(List.of("adapter", 1), sequence, ids);
            assertEquals(0, cache.find(List.of("adapter", 2), ids));
            assertEquals(2 * BLOCK, cache.find(List.of("adapter", 1), ids));
            cache.clear();
            assertEquals(0, cache.find(List.of("adapter", 1), ids));
            assertEquals(0, cache.sizeBytes());
        }
    }

    @Test
    void changedWeightsAreAnotherKey() {
        try (TinyModel tiny = new TinyModel(new TinyConfig("llama", 1, 1, 1, 4, 0).json(), 3);
                Engine engine = MODELS.engine(tiny.model(), 1 << 20)) {
            int[] ids = new int[BLOCK + 1];
            Weights weights = tiny.model().weights();
            Sequence sequence = engine.open();
            engine.prefill(sequence, ids, 0, BLOCK, () -> false);
            engine.prefixCache().insert(weights.version(), sequence, ids);
            assertEquals(BLOCK, engine.prefixCache().find(weights.version(), ids));
            Parameter head = Parameter.of(Role.HEAD);
            ((Weight.Stored) weights.get(head)).tensor().changed();
            assertEquals(0, engine.prefixCache().find(weights.version(), ids));
        }
    }

    /// Keys and values of old weights are not those of new ones: neither found, nor put into the cache.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "mamba2"})
    void whatWasComputedBeforeAnUpdateIsForgotten(String folder) throws CheckpointException {
        int[] ids = Arrays.copyOf(MODELS.get(folder).ids()[0], BLOCK + 9);
        try (Model model = ModelLoader.load(MODELS.get(folder).model().path().orElseThrow(), p -> true);
                Engine engine = MODELS.engine(model, 1 << 28); Engine fresh = MODELS.engine(model, 1 << 28)) {
            PrefixCache cache = engine.prefixCache();
            Sequence before = cache.open("", ids);
            engine.prefillCached("", before, ids, () -> false);
            assertEquals(BLOCK, cache.find("", ids));
            Sequence fork = before.fork();
            model.weights().all().values().forEach(w -> ((Weight.Stored) w).update(t -> t.set(0, t.get(0) + 0.5f)));
            assertEquals(0, cache.find("", ids));
            cache.insertAndClose("", before, ids);
            cache.insertAndClose("", fork, ids);
            assertEquals(0, cache.find("", ids));
            Sequence after = cache.open("", ids);
            float[] logits = engine.prefillCached("", after, ids, () -> false).toArray();
            try (Sequence alone = fresh.open()) {
                assertArrayEquals(fresh.prefill(alone, ids, 0, ids.length, () -> false).toArray(), logits, 1e-4f);
            }
            after.close();
            assertEquals(BLOCK, cache.find("", ids));
            assertEquals(0, engine.stateBytes());
        }
    }

    /// What was used the longest ago goes first, from its end.
    @Test
    void aLimitDropsWhatWasUsedTheLongestAgo() {
        Golden golden = MODELS.get("llama");
        int[][] ids = golden.ids();
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28); Sequence one = engine.open()) {
            long block = one.bytesToAppend(BLOCK);
            PrefixCache cache = new PrefixCache(
                    new StateLayout(new StateSlots(golden.model().spec()).all(), KeyValueType.F32),
                    engine.pool(), 5 * block, () -> 0);
            int[] other = Arrays.stream(ids[0]).map(i -> (i + 1) % golden.vocabSize()).toArray();
            insert(engine, cache, ids[0], 3 * BLOCK);
            insert(engine, cache, other, 2 * BLOCK);
            assertEquals(5 * block, cache.sizeBytes());
            assertEquals(3 * BLOCK, cache.find("", ids[0]));
            int[] third = other.clone();
            third[BLOCK] = (third[BLOCK] + 1) % golden.vocabSize();
            insert(engine, cache, third, 2 * BLOCK);
            assertEquals(5 * block, cache.sizeBytes());
            assertEquals(BLOCK, cache.find("", Arrays.copyOf(other, 2 * BLOCK)));
            assertEquals(3 * BLOCK, cache.find("", ids[0]));
            assertEquals(2 * BLOCK, cache.find("", third));
            cache.close();
        }
    }

    /// Cancelled requests of one text, each of another length, leave the blocks of the longest alone.
    @Test
    void aPartOfACachedTextTakesNoMemoryOfItsOwn() {
        Golden golden = MODELS.get("llama");
        int[] ids = golden.ids()[0];
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28)) {
            PrefixCache cache = engine.prefixCache();
            insert(engine, cache, ids, ids.length);
            long bytes = cache.sizeBytes();
            for (int length = ids.length - 1; length > 0; length -= 3) {
                insert(engine, cache, ids, length);
                assertEquals(bytes, cache.sizeBytes(), "with " + length + " tokens");
            }
            assertEquals(ids.length - 1, cache.find("", ids));
            int[] other = ids.clone();
            other[ids.length - 2]++;
            insert(engine, cache, other, ids.length);
            assertTrue(cache.sizeBytes() > bytes, "another text");
        }
    }

    private static void insert(Engine engine, PrefixCache cache, int[] ids, int count) {
        Sequence sequence = engine.open();
        engine.add(sequence, ids, 0, count, Outputs.NONE);
        engine.run();
        cache.insertAndClose("", sequence, ids);
    }

    /// Sequences get the memory that only the cache refers to, and the cache keeps what they share.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3_text", "bamba", "deepseek_v32", "llama4_text", "mamba2"})
    void cachedBlocksGoBeforeASequenceFails(String folder) {
        Golden golden = MODELS.get(folder);
        int[][] ids = golden.ids();
        int most = ids[0].length;
        long limit;
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28); Sequence whole = engine.open()) {
            // Of two texts, and of a copy.
            limit = 2 * whole.bytesToAppend(most) + whole.bytesToAppend(1);
        }
        try (Engine engine = MODELS.engine(golden.model(), limit)) {
            PrefixCache cache = engine.prefixCache();
            for (int text = 0; text < ids.length; text++) {
                Sequence sequence = engine.open();
                feed(engine, golden, sequence, text, most);
                cache.insertAndClose("", sequence, ids[text]);
                assertEquals(0, engine.stateBytes());
                assertEquals(limit, engine.pool().freeBytes());
            }
            assertTrue(engine.pool().cachedBytes() > 0);
            Sequence shared = cache.open("", ids[2]);
            int found = shared.length();
            Sequence other = engine.open();
            feed(engine, golden, other, 1, most);
            assertTrue(cache.find("", ids[2]) <= found);
            feed(engine, golden, shared, 2, most);
            other.close();
            shared.close();
            assertEquals(0, engine.stateBytes());
        }
    }

    /// Of many texts that begin with the same tokens the nearest is found, and a search compares with few of them.
    @Test
    void aTextIsFoundAmongManyWithoutLookingAtAll() {
        Golden golden = MODELS.get("llama");
        Random random = new Random(8);
        long[] numCompared = {0};
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28)) {
            PrefixCache cache = cache(engine, golden, numCompared);
            int[] ids = golden.ids()[0];
            Sequence sequence = engine.open();
            feed(engine, golden, sequence, 0, BLOCK);
            List<int[]> all = new ArrayList<>();
            for (int i = 0; i < 2000; i++) {
                int[] text = Arrays.copyOf(ids, BLOCK + 1);
                // The blocks are those of other tokens, which matters to nothing here.
                for (int at = 20; at < BLOCK; at += 1 + random.nextInt(8)) {
                    text[at] = random.nextInt(3);
                }
                all.add(text);
                cache.insert("", sequence, text);
                sequence.inserted(null);
            }
            numCompared[0] = 0;
            for (int i = 0; i < 100; i++) {
                int[] text = all.get(random.nextInt(all.size())).clone();
                text[20 + random.nextInt(44)] = 3;
                int expected = all.stream().mapToInt(other -> common(text, other)).max().orElseThrow();
                assertEquals(expected, cache.find("", text));
            }
            assertTrue(numCompared[0] < 100 * 100, numCompared[0] + " comparisons");
            sequence.close();
            cache.close();
        }
    }

    private static PrefixCache cache(Engine engine, Golden golden, long[] numCompared) {
        return new PrefixCache(new StateLayout(new StateSlots(golden.model().spec()).all(), KeyValueType.F32),
                engine.pool(), 1 << 28, () -> 0, (a, b) -> {
                    numCompared[0]++;
                    return Arrays.compare(a, b);
                });
    }

    /// A long prompt is inserted after each of its chunks: each block once, however long the prompt is.
    @Test
    void insertingAfterEachChunkTakesTheTimeOfTheChunk() {
        try (TinyModel tiny = new TinyModel(new TinyConfig("llama", 1, 1, 1, 4, 0).json(), 3);
                Engine engine = MODELS.engine(tiny.model(), 1 << 22); Sequence sequence = engine.open()) {
            long[] numCompared = {0};
            PrefixCache cache = new PrefixCache(
                    new StateLayout(new StateSlots(tiny.model().spec()).all(), KeyValueType.F32), engine.pool(),
                    1 << 22, () -> 0, (a, b) -> {
                        numCompared[0]++;
                        return Arrays.compare(a, b);
                    });
            int[] ids = new Random(2).ints(8 * BLOCK + 1, 0, 3).toArray();
            for (int i = 0; i < 8; i++) {
                engine.add(sequence, ids, i * BLOCK, (i + 1) * BLOCK, Outputs.NONE);
                engine.run();
                cache.insert("", sequence, ids);
            }
            assertTrue(numCompared[0] <= 2 * 8, numCompared[0] + " comparisons");
            assertEquals(8 * BLOCK, cache.find("", ids));
            sequence.truncate(4 * BLOCK);
            int[] other = ids.clone();
            Arrays.fill(other, 4 * BLOCK, other.length, 4);
            engine.add(sequence, other, 4 * BLOCK, 6 * BLOCK, Outputs.NONE);
            engine.run();
            cache.insert("", sequence, other);
            assertEquals(6 * BLOCK, cache.find("", other));
            cache.clear();
            cache.insert("", sequence, other);
            assertEquals(0, cache.find("", other), "computed before the cache was cleared");
            cache.close();
        }
    }

    @Test
    void tokensThatAreNotToldAreRefused() {
        Golden golden = MODELS.get("llama");
        try (Engine engine = MODELS.engine(golden.model(), 1 << 28);
                Engine other = MODELS.engine(golden.model(), 1 << 28)) {
            Sequence sequence = engine.open();
            feed(engine, golden, sequence, 0, 10);
            assertThrows(IllegalArgumentException.class,
                    () -> engine.prefixCache().insert("", sequence, new int[9]));
            assertThrows(IllegalArgumentException.class,
                    () -> other.prefixCache().insert("", sequence, golden.ids()[0]));
        }
    }
}
