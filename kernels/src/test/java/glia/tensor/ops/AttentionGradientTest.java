package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;

import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import glia.kernels.emitted.EmittedKernels;
import glia.tensor.ops.GradientCheck.Case;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The backward pass of attention in all its variants compared with finite differences of its formula.
class AttentionGradientTest {
    private static final Span CAUSAL = new Span.Causal();
    private static final Scores PLAIN = new Scores.Plain();

    private static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>();
        cases.add(within(new AttentionShape(4, 2, 8, 8, 0.35f, CAUSAL, PLAIN), 7, 1, 3));
        cases.add(within(new AttentionShape(2, 2, 5, 3, 1, CAUSAL, PLAIN), 18));
        cases.add(within(new AttentionShape(6, 1, 4, 17, 0.5f, new Span.Sliding(3), PLAIN), 9, 2));
        cases.add(within(new AttentionShape(2, 1, 4, 4, 0.5f, new Span.Chunked(4), PLAIN), 11, 3));
        cases.add(within(new AttentionShape(2, 1, 4, 4, 0.5f, new Span.Bidirectional(), PLAIN), 7, 2));
        cases.add(within(new AttentionShape(2, 1, 4, 4, 0.5f, new Span.BidirectionalWindow(2), PLAIN), 9, 2));
        cases.add(within(new AttentionShape(1, 1, 3, 3, 0.5f, CAUSAL, PLAIN), 75));
        cases.add(within(new AttentionShape(2, 1, 33, 40, 0.2f, CAUSAL, PLAIN), 37));
        cases.add(within(new AttentionShape(1, 1, 2, 1, 0.5f, new Span.Sliding(20), PLAIN), 140, 1));
        List<Scores> rules = List.of(new Scores.Sinks(), new Scores.Capped(1.5f), new Scores.Alibi(8),
                new Scores.RelativeBias(6, 9, false), new Scores.RelativeBias(8, 12, true));
        for (Scores rule : rules) {
            cases.add(within(new AttentionShape(6, 2, 4, 3, 0.6f, CAUSAL, rule), 13, 1, 4));
            cases.add(within(new AttentionShape(3, 1, 4, 4, 0.6f, new Span.Bidirectional(), rule), 8, 3));
        }
        Runs mutual = new Runs().add(12, 0);
        mutual.see(2, 6);
        mutual.see(9, 10);
        cases.add(within(new AttentionShape(4, 2, 4, 3, 0.6f, new Span.Sliding(4), PLAIN), mutual));
        cases.add(between(new AttentionShape(4, 2, 4, 3, 0.6f, new Span.Bidirectional(), PLAIN)));
        return cases.stream();
    }

    private static Case within(AttentionShape s, int... runTokens) {
        Runs runs = new Runs();
        for (int tokens : runTokens) {
            runs.add(tokens, 0);
        }
        return within(s, runs);
    }

    private static Case within(AttentionShape s, Runs runs) {
        long n = runs.numTokens();
        long kvHeads = s.numKeyValueHeads();
        long[] learned = s.scores() instanceof Scores.RelativeBias b ? shape(b.numBuckets(), s.numHeads())
                : shape(s.numParameters());
        return of("attention " + s, (ops, w) -> ops.attention(rows(ops, w[0]), rows(ops, w[1]), rows(ops, w[2]),
                KeyValueState.NONE, runs, s, w[3]),
                w -> Reference.attention(w[0], runs, w[1], w[2], runs, s, w[3]),
                shape(n, s.numHeads() * s.keySize()), shape(n, kvHeads * s.keySize()),
                shape(n, kvHeads * s.valueSize()), learned);
    }

    private static Case between(AttentionShape s) {
        Runs runs = new Runs().add(3, 0).add(6, 4);
        Runs keyRuns = new Runs().add(9, 0).add(2, 0);
        long kvHeads = s.numKeyValueHeads();
        return of("cross attention", (ops, w) -> ops.crossAttention(rows(ops, w[0]), runs, rows(ops, w[1]),
                rows(ops, w[2]), keyRuns, KeyValueState.NONE, s),
                w -> Reference.attention(w[0], runs, w[1], w[2], keyRuns, s, new double[0]),
                shape(9, s.numHeads() * s.keySize()), shape(11, kvHeads * s.keySize()),
                shape(11, kvHeads * s.valueSize()));
    }

    static Stream<Object[]> casesAndKernels() {
        List<String> sets = EmittedKernels.obstacle().isPresent() ? List.of("scalar", "vector")
                : List.of("scalar", "vector", "emitted");
        return cases().flatMap(c -> sets.stream().map(set -> new Object[] {c, set}));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("casesAndKernels")
    void gradientMatchesFiniteDifferences(Object caseOf, String kernels) {
        GradientCheck.check((Case) caseOf, kernels);
    }
}
