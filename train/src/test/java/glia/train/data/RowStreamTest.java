package glia.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TokenBatch;
import glia.train.data.ShuffledOrder.Permutation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/// Orders of rows: permutations, epochs, mixtures, resumed runs.
class RowStreamTest {
    /// Documents whose token ids are all different.
    private static Documents documents(List<Integer> lengths) {
        int at = 0;
        List<int[]> all = new ArrayList<>();
        for (int length : lengths) {
            all.add(IntStream.range(at, at + length).toArray());
            at += length;
        }
        return Documents.of(all);
    }

    @Property(tries = 200)
    void permutationsHaveEachElementOnce(@ForAll @IntRange(min = 1, max = 3000) int size, @ForAll long seed) {
        Permutation permutation = new Permutation(size, seed);
        assertArrayEquals(LongStream.range(0, size).toArray(),
                LongStream.range(0, size).map(permutation::at).sorted().toArray());
    }

    @Test
    void ordersAreUniform() {
        Map<List<Long>, Integer> orders = new HashMap<>();
        int tries = 24_000;
        for (long seed = 0; seed < tries; seed++) {
            Permutation permutation = new Permutation(4, seed);
            orders.merge(LongStream.range(0, 4).map(permutation::at).boxed().toList(), 1, Integer::sum);
        }
        assertEquals(24, orders.size());
        orders.values().forEach(n -> assertTrue(n > 700 && n < 1300, orders.toString()));
        Permutation large = new Permutation(1L << 40, 3, 4);
        double mean = LongStream.range(0, 1000).map(large::at).average().orElseThrow() / (1L << 40);
        assertEquals(0.5, mean, 0.05);
        assertNotEquals(large.at(0), new Permutation(1L << 40, 3, 5).at(0));
        assertThrows(IndexOutOfBoundsException.class, () -> large.at(1L << 40));
    }

    /// Whatever the lengths of documents and rows: the targets of an epoch are all tokens but the first of each
    /// document, each once, and each is the token after its input.
    @Property(tries = 100)
    void anEpochPredictsEachTokenOnce(
            @ForAll @Size(min = 1, max = 20) List<@IntRange(min = 2, max = 40) Integer> lengths,
            @ForAll @IntRange(min = 2, max = 50) int length, @ForAll @IntRange(min = 1, max = 4) int size,
            @ForAll long seed) {
        Documents documents = documents(lengths);
        PackedDocuments rows = new PackedDocuments(documents, length);
        Batches batches = RowStream.shuffled(rows, seed).batches(size);
        int epochs = size;
        List<Integer> targets = new ArrayList<>();
        for (long step = 0; step < rows.size(); step++) {
            TokenBatch batch = batches.batch(step);
            assertTrue(batch.numRows() > 0);
            assertTrue(batch.numTokens() <= size * length);
            Arrays.stream(batch.targets()).forEach(targets::add);
        }
        int[] expected = IntStream.range(0, (int) documents.size())
                .filter(id -> documents.start(documents.documentAt(id)) != id)
                .flatMap(id -> IntStream.generate(() -> id).limit(epochs)).toArray();
        assertArrayEquals(expected, targets.stream().mapToInt(Integer::intValue).sorted().toArray());
        OrderedBatches ordered = new OrderedBatches(rows, size);
        assertArrayEquals(IntStream.of(expected).distinct().toArray(), LongStream.range(0, ordered.count())
                .mapToObj(ordered::batch).flatMapToInt(b -> IntStream.of(b.targets())).toArray());
    }

    /// A batch of a resumed run is the batch of the uninterrupted one, down to the token.
    @Property(tries = 100)
    void aBatchDependsOnItsNumberAlone(
            @ForAll @Size(min = 1, max = 5) List<@IntRange(min = 2, max = 40) Integer> lengths,
            @ForAll @LongRange(min = 0, max = 1L << 40) long step, @ForAll long seed) {
        Batches whole = mixed(lengths, seed).batches(3);
        whole.batch(step + 1);
        whole.batch(0);
        TokenBatch one = whole.batch(step);
        TokenBatch resumed = mixed(lengths, seed).batches(3).batch(step);
        assertArrayEquals(one.targets(), resumed.targets());
        assertArrayEquals(one.sequences(), resumed.sequences());
        assertArrayEquals(one.weights(), resumed.weights());
        assertEquals(one.numTokens(), resumed.numTokens());
    }

    private static RowStream mixed(List<Integer> lengths, long seed) {
        Documents documents = documents(lengths);
        return new Mixture(List.of(RowStream.shuffled(new PackedDocuments(documents, 8), seed),
                RowStream.ordered(new PackedDocuments(documents, 4)), new RandomWindows(documents, 2, 1, seed)),
                0.5, 0.3, 0.2);
    }

    @Property(tries = 200)
    void mixturesKeepTheirSharesAndUseTheRowsOfEachPartInOrder(
            @ForAll @Size(min = 1, max = 5) List<@IntRange(min = 1, max = 1000) Integer> weights) {
        double[] shares = weights.stream().mapToDouble(w -> w / 100.0).toArray();
        Mixture mixture = new Mixture(weights.stream().map(w -> (RowStream) (b, i) -> { }).toList(), shares);
        long[] next = new long[shares.length];
        double total = Arrays.stream(shares).sum();
        for (long row = 0; row < 2000; row++) {
            assertArrayEquals(next, mixture.counts(row));
            for (int i = 0; i < shares.length; i++) {
                assertEquals(row * shares[i] / total, next[i], shares.length);
            }
            Mixture.Place place = mixture.place(row);
            assertEquals(next[place.part()]++, place.index());
        }
    }

    @Test
    void sharesAreExactAfterManyRows() {
        RowStream none = (b, i) -> { };
        assertArrayEquals(new long[] {1L << 40, 1L << 41}, new Mixture(List.of(none, none), 1, 2).counts(3L << 40));
        assertArrayEquals(new long[] {700_000_000_000L, 200_000_000_000L, 100_000_000_000L},
                new Mixture(List.of(none, none, none), 0.7, 0.2, 0.1).counts(1_000_000_000_000L));
        assertThrows(IllegalArgumentException.class, () -> new Mixture(List.of(none), 1, 2));
        assertThrows(IllegalArgumentException.class, () -> new Mixture(List.of(none, none), 1, 0));
        assertThrows(IllegalArgumentException.class, () -> new Mixture(List.of(none, none), 1, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> none.batches(0));
    }

    @Test
    void shortDataIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new PackedDocuments(documents(List.of(4)), 1));
        assertThrows(IllegalArgumentException.class, () -> new PackedDocuments(documents(List.of(1)), 4));
    }
}
