package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.PartialAttention;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.ContextParallel.Method;
import glia.tensor.ops.attention.ContextParallel.Part;
import glia.tensor.ops.attention.ContextParallel;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Attention of sequences that are divided among ranks, and its gradients, beside those of one rank.
class RingAttentionTest {
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int SIZE = 8;
    private static final Runs SEQUENCES = new Runs().add(45, 0).add(3, 0).add(17, 0);

    /// Attention of all tokens and its gradients for queries, keys and values.
    private record Result(float[] out, float[][] gradients) { }

    private final float[] queries = random(1, HEADS);
    private final float[] keys = random(2, KV_HEADS);
    private final float[] values = random(3, KV_HEADS);
    private final float[] seed = random(4, HEADS);

    private static float[] random(int seed, int heads) {
        Random random = new Random(seed);
        float[] numbers = new float[SEQUENCES.numTokens() * heads * SIZE];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    private static AttentionShape shape(Span span) {
        return new AttentionShape(HEADS, KV_HEADS, SIZE, SIZE, 0.35f, span);
    }

    /// What a rank computes of its tokens, added to the result.
    private void compute(Optional<ContextParallel> context, int rank, AttentionShape shape, Result result) {
        int[] ids = IntStream.range(0, SEQUENCES.numTokens()).toArray();
        Runs runs = SEQUENCES;
        if (context.isPresent()) {
            List<Part> parts = context.get().parts(rank);
            runs = new Runs();
            for (Part part : parts) {
                runs.add(part.size(), part.from());
            }
            ids = parts.stream().flatMapToInt(part -> IntStream.range(SEQUENCES.start(part.sequence()) + part.from(),
                    SEQUENCES.start(part.sequence()) + part.to())).toArray();
        }
        try (Workers workers = new Workers(1); Arena arena = Arena.ofShared(); Gradients gradients = new Gradients()) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            Weight[] tables = Stream.of(queries, keys, values).map(numbers -> new Weight.Stored(Tensor.of(arena,
                    numbers, SEQUENCES.numTokens(), numbers.length / SEQUENCES.numTokens()))).toArray(Weight[]::new);
            try (Recorder ops = new Recorder(kernels, gradients)) {
                ops.divide(context);
                Tensor y = ops.attention(ops.embed(tables[0], ids, ids.length), ops.embed(tables[1], ids, ids.length),
                        ops.embed(tables[2], ids, ids.length), KeyValueState.NONE, runs, shape);
                int cols = y.cols();
                for (int i = 0; i < ids.length; i++) {
                    for (int c = 0; c < cols; c++) {
                        result.out[ids[i] * cols + c] = y.get((long) i * cols + c);
                        ops.gradient(y).set((long) i * cols + c, seed[ids[i] * cols + c]);
                    }
                }
                ops.backward();
            }
            for (int i = 0; i < tables.length; i++) {
                float[] own = gradients.of(tables[i]).toArray();
                synchronized (result) {
                    for (int j = 0; j < own.length; j++) {
                        result.gradients[i][j] += own[j];
                    }
                }
            }
        }
    }

    private Result empty() {
        return new Result(new float[seed.length], new float[][] {new float[queries.length], new float[keys.length],
            new float[values.length]});
    }

    private Result onRanks(int ranks, Method method, AttentionShape shape) {
        Result result = empty();
        ThreadRanks.run(ranks, collective -> {
            try (Workers workers = new Workers(1); DataParallel sums = new DataParallel(collective,
                    KernelBackends.choose("scalar", workers).kernels())) {
                sums.shareContext(ranks, method);
                compute(Optional.of(new ContextParallel(sums.context().orElseThrow().ranks(), method, SEQUENCES)),
                        collective.rank(), shape, result);
                collective.barrier();
            }
            return 0;
        });
        return result;
    }

    static List<Arguments> shapes() {
        return Stream.of(new Span.Causal(), new Span.Sliding(6), new Span.Sliding(1), new Span.Bidirectional())
                .flatMap(span ->
                Stream.of(Arguments.of(2, Method.GATHER, span), Arguments.of(3, Method.GATHER, span),
                        Arguments.of(2, Method.RING, span), Arguments.of(3, Method.RING, span),
                        Arguments.of(2, Method.STRIPED, span), Arguments.of(3, Method.STRIPED, span))).toList();
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void ranksAttendAsOne(int ranks, Method method, Span span) {
        Result one = empty();
        compute(Optional.empty(), 0, shape(span), one);
        Result all = onRanks(ranks, method, shape(span));
        assertArrayEquals(one.out, all.out, 1e-6f);
        for (int i = 0; i < 3; i++) {
            assertArrayEquals(one.gradients[i], all.gradients[i], 5e-6f);
        }
    }

    /// A ring has the bits of one process that merges the same parts in the same order.
    @Test
    void ringsHaveTheBitsOfOneProcess() {
        int ranks = 3;
        AttentionShape shape = shape(new Span.Causal());
        float[] found = onRanks(ranks, Method.RING, shape).out;
        float[] expected = new float[found.length];
        try (Workers workers = new Workers(1); Arena arena = Arena.ofShared()) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            Tensor q = Tensor.of(arena, queries, SEQUENCES.numTokens(), HEADS * SIZE);
            Tensor k = Tensor.of(arena, keys, SEQUENCES.numTokens(), KV_HEADS * SIZE);
            Tensor v = Tensor.of(arena, values, SEQUENCES.numTokens(), KV_HEADS * SIZE);
            int chunks = 2 * ranks;
            for (int sequence = 0; sequence < SEQUENCES.count(); sequence++) {
                int start = SEQUENCES.start(sequence);
                int length = SEQUENCES.end(sequence) - start;
                for (int chunk = 0; chunk < chunks; chunk++) {
                    int from = start + length * chunk / chunks;
                    int to = start + length * (chunk + 1) / chunks;
                    Tensor out = Tensor.allocate(arena, DType.F32, Math.max(1, to - from), HEADS * SIZE);
                    Tensor sums = Tensor.allocate(arena, DType.F32, Math.max(1, to - from), HEADS);
                    for (int i = 0; i < sums.size(); i++) {
                        sums.set(i, Float.NEGATIVE_INFINITY);
                    }
                    int rank = Math.min(chunk, chunks - 1 - chunk);
                    for (int step = 0; step < ranks && to > from; step++) {
                        int owner = (rank - step + ranks) % ranks;
                        for (int other : new int[] {owner, chunks - 1 - owner}) {
                            int first = start + length * other / chunks;
                            int last = start + length * (other + 1) / chunks;
                            if (other <= chunk && last > first) {
                                Tensor part = Tensor.allocate(arena, DType.F32, to - from, HEADS * SIZE);
                                Tensor partSums = Tensor.allocate(arena, DType.F32, to - from, HEADS);
                                kernels.attention(part, partSums, q.rows(from, to), new KeyValues[] {
                                    KeyValues.of(k.rows(first, last), v.rows(first, last))},
                                        new Runs().add(to - from, from - first), shape);
                                new PartialAttention(workers).merge(out, sums, part, partSums);
                            }
                        }
                    }
                    System.arraycopy(out.toArray(), 0, expected, from * HEADS * SIZE, (to - from) * HEADS * SIZE);
                }
            }
        }
        assertArrayEquals(expected, found);
    }

    /// Zigzag: of causal attention all ranks see as many pairs of queries and keys.
    @Test
    void ranksSeeAsManyPairs() {
        int[] pairs = new int[4];
        ThreadRanks.run(4, collective -> {
            try (Workers workers = new Workers(1); DataParallel sums = new DataParallel(collective,
                    KernelBackends.choose("scalar", workers).kernels())) {
                sums.shareContext(4, Method.RING);
                pairs[collective.rank()] = new ContextParallel(sums.context().orElseThrow().ranks(), Method.RING,
                        new Runs().add(64, 0)).parts(collective.rank()).stream()
                        .flatMapToInt(part -> IntStream.range(part.from(), part.to())).map(at -> at + 1).sum();
            }
            return 0;
        });
        assertArrayEquals(new int[] {520, 520, 520, 520}, pairs, Arrays.toString(pairs));
    }

    @Test
    void ringsRefuseScoresOfPlaces() {
        AttentionShape sinks = new AttentionShape(HEADS, KV_HEADS, SIZE, SIZE, 1, new Span.Causal(),
                new Scores.Sinks());
        assertThrows(IllegalArgumentException.class, () -> onRanks(2, Method.RING, sinks));
        assertThrows(IllegalArgumentException.class, () -> onRanks(2, Method.RING, shape(new Span.Chunked(4))));
        AttentionShape alibi = new AttentionShape(HEADS, KV_HEADS, SIZE, SIZE, 1, new Span.Causal(),
                new Scores.Alibi(8));
        assertThrows(IllegalArgumentException.class, () -> onRanks(2, Method.STRIPED, alibi));
    }
}
