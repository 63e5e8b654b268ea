package glia.tensor.kernel;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Laws of softmax attention.
interface AttentionLaws extends KernelSubject {
    /// A pass: its runs (pairs of tokens and first position), its shape, and the positions of a page.
    record Pass(int[] runs, AttentionShape shape, int pageTokens) { }

    private static AttentionShape shape(int heads, int keyValueHeads, int keySize, int valueSize, Span span) {
        return new AttentionShape(heads, keyValueHeads, keySize, valueSize, (float) (1 / Math.sqrt(keySize)), span);
    }

    static Stream<Pass> passes() {
        Span causal = new Span.Causal();
        return Stream.of(
                new Pass(new int[] {}, shape(2, 1, 4, 4, causal), 8),
                new Pass(new int[] {0, 3}, shape(2, 1, 4, 4, causal), 8),
                new Pass(new int[] {1, 0}, shape(1, 1, 1, 1, causal), 1),
                new Pass(new int[] {1, 99}, shape(9, 3, 64, 64, causal), 16),
                new Pass(new int[] {207, 0}, shape(3, 3, 16, 16, causal), 207),
                new Pass(new int[] {130, 0}, shape(4, 2, 17, 31, causal), 33),
                new Pass(new int[] {3, 0, 0, 7, 1, 1022, 31, 15, 1, 0}, shape(6, 2, 32, 15, causal), 100),
                new Pass(new int[] {1, 63, 1, 64, 1, 65, 1, 4095}, shape(4, 1, 16, 16, causal), 64),
                new Pass(new int[] {64, 64}, shape(2, 2, 80, 80, causal), 7),
                new Pass(new int[] {1, 0, 40, 0}, shape(4, 2, 16, 3, new Span.Sliding(1)), 4),
                new Pass(new int[] {100, 200, 1, 17, 1, 1023}, shape(4, 2, 16, 16, new Span.Sliding(17)), 16),
                new Pass(new int[] {207, 31}, shape(2, 1, 31, 16, new Span.Sliding(64)), 15),
                new Pass(new int[] {5, 300, 33, 0}, shape(2, 1, 8, 8, new Span.Sliding(1000)), 50),
                new Pass(new int[] {100, 75, 1, 17, 1, 1024, 3, 47}, shape(4, 2, 16, 16, new Span.Chunked(24)), 16),
                new Pass(new int[] {40, 0}, shape(2, 2, 5, 7, new Span.Chunked(1)), 8),
                // one tile over a long context
                new Pass(new int[] {1, 2500, 1, 0, 2, 1023}, shape(16, 1, 9, 5, causal), 64),
                new Pass(new int[] {1, 2100, 3, 5000}, shape(20, 1, 9, 5, new Span.Sliding(1700)), 64),
                new Pass(new int[] {207, 0, 1, 0, 3, 0}, shape(4, 2, 16, 16, new Span.Everything()), 64),
                new Pass(new int[] {100, 0, 2, 0}, shape(2, 1, 16, 9, new Span.Around(8)), 33),
                new Pass(new int[] {17, 0}, shape(1, 1, 4, 4, new Span.Around(0)), 5));
    }

    static Stream<Pass> rules() {
        return Stream.of(new Scores.Sinks(), new Scores.Capped(2), new Scores.Alibi(8), new Scores.Alibi(3),
                new Scores.Bucketed(8, 20, false), new Scores.Bucketed(32, 128, true), new Scores.Bucketed(7, 33, true))
                .flatMap(rule -> Stream.of(
                        new Pass(new int[] {40, 90, 1, 300, 1, 0, 0, 3}, with(rule, 6, 2, 16, new Span.Causal()), 33),
                        new Pass(new int[] {1, 1500}, with(rule, 3, 1, 17, new Span.Causal()), 64),
                        new Pass(new int[] {1, 1500}, with(rule, 18, 1, 17, new Span.Causal()), 64),
                        new Pass(new int[] {65, 30}, with(rule, 8, 8, 8, new Span.Sliding(19)), 16),
                        new Pass(new int[] {150, 0, 3, 0}, with(rule, 5, 1, 16, new Span.Everything()), 64)));
    }

    private static AttentionShape with(Scores rule, int heads, int keyValueHeads, int size, Span span) {
        return new AttentionShape(heads, keyValueHeads, size, size, 0.3f, span, rule);
    }

    private static Runs runs(Pass pass) {
        Runs runs = new Runs();
        for (int i = 0; i < pass.runs.length; i += 2) {
            runs.add(pass.runs[i], pass.runs[i + 1]);
        }
        return runs;
    }

    /// Keys and values at the visible positions; NaN at all others of a page, and no page where none is visible.
    private static KeyValues pages(Lab lab, Pass pass, int firstPosition, int numTokens) {
        AttentionShape shape = pass.shape;
        int keyCols = shape.numKeyValueHeads() * shape.keySize();
        int valueCols = shape.numKeyValueHeads() * shape.valueSize();
        KeyValues kv = new KeyValues(pass.pageTokens, keyCols, valueCols);
        int first = shape.span().first(firstPosition);
        int end = firstPosition + numTokens;
        for (int start = 0; start < end; start += pass.pageTokens) {
            if (start + pass.pageTokens <= first) {
                kv.addPage(0, 0);
                continue;
            }
            Tensor keys = lab.normal(pass.pageTokens, keyCols);
            Tensor values = lab.normal(pass.pageTokens, valueCols);
            for (int p = 0; p < pass.pageTokens; p++) {
                if (start + p < first || start + p >= end) {
                    fill(keys.rows(p, p + 1));
                    fill(values.rows(p, p + 1));
                }
            }
            kv.addPage(keys.address(), values.address());
        }
        kv.setLength(end);
        return kv;
    }

    private static void fill(Tensor t) {
        for (long i = 0; i < t.size(); i++) {
            t.set(i, Float.NaN);
        }
    }

    private static KeyValues[] allPages(Lab lab, Pass pass, Runs runs) {
        KeyValues[] all = new KeyValues[runs.count()];
        for (int run = 0; run < all.length; run++) {
            all[run] = pages(lab, pass, runs.position(run), runs.end(run) - runs.start(run));
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("glia.tensor.kernel.AttentionLaws#passes")
    default void attentionIsTheSoftmaxOverVisiblePositions(Pass pass) {
        withWorkers(kernels -> {
            try (Lab lab = new Lab(pass.pageTokens)) {
                Runs runs = runs(pass);
                check(kernels, lab, lab.normal(runs.numTokens(), pass.shape.numHeads() * pass.shape.keySize()),
                        allPages(lab, pass, runs), runs, pass.shape, 2e-6);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("glia.tensor.kernel.AttentionLaws#rules")
    default void attentionFollowsTheRuleOfScores(Pass pass) {
        withTwoWorkers(kernels -> {
            try (Lab lab = new Lab(pass.pageTokens)) {
                Runs runs = runs(pass);
                check(kernels, lab, lab.normal(runs.numTokens(), pass.shape.numHeads() * pass.shape.keySize()),
                        allPages(lab, pass, runs), runs, pass.shape, 1e-5);
            }
        });
    }

    @Test
    default void attentionHoldsWhereScoresAreFarApart() {
        withTwoWorkers(kernels -> {
            Pass pass = new Pass(new int[] {70, 150}, shape(2, 1, 16, 16, new Span.Causal()), 37);
            try (Lab lab = new Lab(1)) {
                Runs runs = runs(pass);
                Tensor q = lab.normal(70, 32);
                kernels.scale(q, q, 300);
                check(kernels, lab, q, allPages(lab, pass, runs), runs, pass.shape, 1e-3);
            }
        });
    }

    private static void check(Kernels kernels, Lab lab, Tensor q, KeyValues[] keyValues, Runs runs,
            AttentionShape shape, double tolerance) {
        Tensor out = lab.output(q.rows(), shape.numHeads() * shape.valueSize());
        Tensor logSumExp = lab.output(q.rows(), shape.numHeads());
        Tensor learned = shape.learnedSize() == 0 ? Scores.NOTHING : lab.normal(shape.learnedSize());
        kernels.attention(out, logSumExp, q, keyValues, runs, shape, learned);
        for (int run = 0; run < runs.count(); run++) {
            for (int n = runs.start(run); n < runs.end(run); n++) {
                int position = runs.position(run) + n - runs.start(run);
                for (int h = 0; h < shape.numHeads(); h++) {
                    checkHead(out, logSumExp, q, keyValues[run], n, position, h, shape, learned, tolerance);
                }
            }
        }
        Tensor alone = lab.output(out.shape());
        kernels.attention(alone, null, q, keyValues, runs, shape, learned);
        Fixtures.assertSameBits(out.toArray(), alone.toArray());
    }

    private static void checkHead(Tensor out, Tensor logSumExp, Tensor q, KeyValues kv, int n, int position, int h,
            AttentionShape shape, Tensor learned, double tolerance) {
        int first = shape.span().first(position);
        int count = Math.min(shape.span().last(position), kv.length() - 1) - first + 1;
        int head = h * shape.numKeyValueHeads() / shape.numHeads();
        double[] scores = new double[count];
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            for (int e = 0; e < shape.keySize(); e++) {
                long at = kv.keyAddress(first + i) + 4L * (head * shape.keySize() + e);
                scores[i] += (double) q.get((long) n * q.cols() + h * shape.keySize() + e) * Memory.f32(at);
            }
            scores[i] = score(shape, learned, h, first + i - position, scores[i] * shape.scale());
            largest = Math.max(largest, scores[i]);
        }
        double sum = shape.scores() instanceof Scores.Sinks ? Math.exp(learned.get(h) - largest) : 0;
        for (double score : scores) {
            sum += Math.exp(score - largest);
        }
        double expected = largest + Math.log(sum);
        String what = "head " + h + " at position " + position + " of " + shape;
        float found = logSumExp.get((long) n * shape.numHeads() + h);
        Lab.assertClose(expected, found, tolerance * (1 + Math.abs(expected)), what);
        for (int e = 0; e < shape.valueSize(); e++) {
            double value = 0;
            for (int i = 0; i < count; i++) {
                long at = kv.valueAddress(first + i) + 4L * (head * shape.valueSize() + e);
                value += Math.exp(scores[i] - largest) / sum * Memory.f32(at);
            }
            long at = (long) n * out.cols() + h * shape.valueSize() + e;
            Lab.assertClose(value, out.get(at), tolerance * (1 + Math.abs(value)), what);
        }
    }

    private static double score(AttentionShape shape, Tensor learned, int head, int distance, double product) {
        return switch (shape.scores()) {
            case Scores.Plain plain -> product;
            case Scores.Sinks sinks -> product;
            case Scores.Capped capped -> capped.cap() * Math.tanh(product / capped.cap());
            case Scores.Alibi alibi -> product + alibi.slope(head, shape.numHeads()) * distance;
            case Scores.Bucketed b -> product + learned.get((long) b.bucket(distance) * shape.numHeads() + head);
        };
    }

    /// As in latent attention: the values are the first numbers of the keys' rows, shared by all heads.
    @Test
    default void valuesMayBePartOfTheKeys() {
        withTwoWorkers(kernels -> {
            for (int[] size : new int[][] {{576, 512}, {17, 9}, {24, 16}, {40, 1}}) {
                for (int heads : new int[] {3, 40}) {
                    try (Lab lab = new Lab(size[0])) {
                        AttentionShape shape = shape(heads, 1, size[0], size[1], new Span.Causal());
                        KeyValues kv = new KeyValues(64, size[0], size[0]);
                        for (int page = 0; page < 11; page++) {
                            Tensor rows = lab.normal(64, size[0]);
                            kv.addPage(rows.address(), rows.address());
                        }
                        kv.setLength(700);
                        Runs runs = new Runs().add(1, 699).add(3, 100).add(1, 0);
                        check(kernels, lab, lab.normal(5, heads * size[0]), new KeyValues[] {kv, kv, kv}, runs, shape,
                                4e-6);
                    }
                }
            }
        });
    }

    /// As between a decoder and an encoder: there are fewer or more keys than positions of queries.
    @Test
    default void queriesSeeAllKeysOfAnotherRun() {
        withTwoWorkers(kernels -> {
            try (Lab lab = new Lab(5)) {
                AttentionShape shape = shape(4, 2, 16, 16, new Span.Everything());
                KeyValues few = KeyValues.of(lab.normal(3, 32), lab.normal(3, 32));
                KeyValues many = KeyValues.of(lab.normal(600, 32), lab.normal(600, 32));
                Runs runs = new Runs().add(20, 0).add(1, 7).add(1, 7).add(40, 0);
                check(kernels, lab, lab.normal(62, 64), new KeyValues[] {few, few, many, many}, runs, shape, 2e-6);
            }
        });
    }

    @Test
    default void attentionOverMatricesEqualsAttentionOverPages() {
        withTwoWorkers(kernels -> {
            try (Lab lab = new Lab(4)) {
                AttentionShape shape = shape(4, 2, 16, 16, new Span.Causal());
                Tensor keys = lab.normal(50, 32);
                Tensor values = lab.normal(50, 32);
                Runs runs = new Runs().add(50, 0);
                KeyValues[] keyValues = {KeyValues.of(keys, values)};
                check(kernels, lab, lab.normal(50, 64), keyValues, runs, shape, 2e-6);
            }
        });
    }
}
