package glia.model.block;

import glia.model.spec.NgramEmbedding;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Elementwise.ElementwiseBinary.Function;
import glia.tensor.ops.row.Elementwise.ElementwiseBinary;
import glia.tensor.ops.row.Elementwise.ElementwiseMap;
import glia.tensor.ops.row.Elementwise.Sigmoid;
import glia.tensor.ops.row.FoldedRows;
import glia.tensor.ops.row.Gathers.EmbedParts;
import glia.tensor.ops.row.Sums.RowSums;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.scan.CausalConvolution;
import glia.tensor.ops.stream.StreamMix;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Embeddings of the last tokens (see `NgramEmbedding`).
final class NgramEmbeddingBlock implements Block {
    /// The least magnitude of a gate's logit before the root.
    private static final double LEAST = 1e-6;

    private final NgramEmbedding spec;
    private final Place place;
    private final List<Weight> table;
    private final Weight key;
    private final Weight value;
    private final Weight keyNorm;
    private final Weight queryNorm;
    private final Weight norm;
    private final Weight convolution;

    NgramEmbeddingBlock(NgramEmbedding spec, Weights weights, Place place) {
        this.spec = spec;
        this.place = place;
        table = IntStream.range(0, spec.numFilled()).mapToObj(i -> weights.get(place, Role.NGRAM_TABLE, i)).toList();
        key = weights.get(place, Role.KEY);
        value = weights.get(place, Role.VALUE);
        keyNorm = weights.get(place, Role.NGRAM_KEY_NORM);
        queryNorm = weights.get(place, Role.NGRAM_QUERY_NORM);
        norm = weights.get(place, Role.NGRAM_NORM);
        convolution = weights.get(place, Role.CONVOLUTION);
    }

    /// @param x the streams, `[N, m·D]`
    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        int[] rows = rows(pass, states.recurrence(place, 0));
        Tensor e = ops.apply(new FoldedRows(ops.apply(new EmbedParts(table, rows)), spec.vocabularies().size()));
        Tensor products = ops.apply(new ElementwiseBinary(Function.TIMES, normed(ops, ops.linear(e, key), keyNorm),
                normed(ops, x, queryNorm)));
        Tensor gates = ops.apply(new Sigmoid(ops.apply(new ElementwiseMap(ops.scale(sums(ops, products),
                (float) (1 / Math.sqrt(spec.hidden()))), NgramEmbeddingBlock::root,
                NgramEmbeddingBlock::rootDerivative))));
        Tensor v = ops.apply(new StreamMix(ops.linear(e, value), gates, 1));
        Tensor convolved = ops.apply(new CausalConvolution(normed(ops, v, norm), convolution, Optional.empty(),
                spec.multipliers().size(), states.recurrence(place, 1), pass.runs()));
        return ops.apply(new Sum(v, 1, ops.activate(convolved, Activation.SILU), 1));
    }

    private Tensor normed(Ops ops, Tensor x, Weight weight) {
        return StreamsBlock.Gates.normed(ops, x, spec.numStreams(), weight, spec.eps());
    }

    /// The sum of each stream, `[N, m]`.
    private Tensor sums(Ops ops, Tensor x) {
        Tensor all = null;
        for (int i = 0; i < spec.numStreams(); i++) {
            Tensor sum = ops.apply(new RowSums(ops.apply(SliceColumns.of(x, i * spec.hidden(), spec.hidden()))));
            all = i == 0 ? sum : ops.apply(new ConcatColumns(all, sum, 1, false));
        }
        return all;
    }

    private static double root(double s) {
        return Math.signum(s) * Math.sqrt(Math.max(Math.abs(s), LEAST));
    }

    private static double rootDerivative(double s) {
        return Math.abs(s) < LEAST ? 0 : 0.5 / Math.sqrt(Math.abs(s));
    }

    /// The rows of the table of all tokens and heads. The state is the last tokens plus 1, oldest first.
    private int[] rows(Pass pass, RecurrentState state) {
        Runs runs = pass.runs();
        int past = spec.multipliers().size() - 1;
        int[] rows = new int[pass.numTokens() * spec.vocabularies().size()];
        for (int run = 0, at = 0; run < runs.count(); run++) {
            int length = runs.end(run) - runs.start(run);
            long before = state.before(run);
            long after = state.after(run);
            int[] tokens = new int[past + length];
            for (int i = 0; i < past; i++) {
                int known = before == 0 ? 0 : (int) Memory.f32(before + 4L * i);
                tokens[i] = known == 0 ? spec.endToken() : known - 1;
            }
            System.arraycopy(pass.tokens(), runs.start(run), tokens, past, length);
            for (int t = past; t < tokens.length; t++) {
                at = hash(tokens, t, rows, at);
            }
            for (int i = 0; i < past && after != 0; i++) {
                Memory.f32(after + 4L * i, tokens[length + i] + 1);
            }
        }
        return rows;
    }

    /// Adds the rows of a token.
    private int hash(int[] tokens, int t, int[] rows, int start) {
        long mixed = tokens[t] * spec.multipliers().getFirst();
        boolean ended = false;
        int at = start;
        int first = 0;
        for (int order = 1; order < spec.multipliers().size(); order++) {
            ended |= tokens[t - order] == spec.endToken();
            mixed ^= (ended ? spec.endToken() : tokens[t - order]) * spec.multipliers().get(order);
            for (int head = 0; head < spec.headsPerOrder(); head++) {
                int size = spec.vocabularies().get(at - start);
                rows[at++] = first + Math.floorMod(mixed, size);
                first += size;
            }
        }
        return at;
    }
}
