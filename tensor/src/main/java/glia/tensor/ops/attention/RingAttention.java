package glia.tensor.ops.attention;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.PartialAttention;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.ContextParallel.Part;

/// Softmax attention of a rank's queries over keys and values that travel around a ring of the ranks: first its own,
/// then those of the rank before, …, merged in this order (https://arxiv.org/abs/2310.01889). Backward the gradients of
/// keys and values travel with them and come home after P steps.
///
/// For T tokens with K·(E + V) numbers of keys and values, all P ranks together send `4 · (P - 1) · T · K·(E + V)`
/// bytes forward, and `4 · (2P - 1) · T · K·(E + V)` backward.
final class RingAttention implements Operation.Rounded {
    private final ContextParallel context;
    private final RankGroup ranks;
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final AttentionShape shape;
    private final Weight learned;
    private Tensor logSumExp;

    /// @throws IllegalArgumentException if the scores depend on more than the distance of positions
    RingAttention(ContextParallel context, Tensor q, Tensor k, Tensor v, AttentionShape shape, Weight learned) {
        boolean isShiftable = switch (shape.span()) {
            case Span.Causal causal -> true;
            case Span.Sliding sliding -> true;
            case Span.Bidirectional all -> shape.scores() instanceof Scores.Plain;
            default -> false;
        };
        boolean isStretchable = shape.scores() instanceof Scores.Plain || shape.scores() instanceof Scores.Capped;
        if (!isShiftable || shape.scores() instanceof Scores.Sinks || context.isStriped() && !isStretchable) {
            throw new IllegalArgumentException("ring attention does not support " + shape.span() + " with "
                    + shape.scores() + "; gather keys and values instead (parallel.context_method: gather)");
        }
        this.context = context;
        this.ranks = context.ranks();
        this.q = q;
        this.k = k;
        this.v = v;
        this.shape = shape;
        this.learned = learned;
    }

    /// Keys and values of a rank, or their gradients, in one piece of memory.
    private record Rows(Tensor memory, Tensor k, Tensor v) {
        static Rows of(Tensor memory, int rows, int keyCols, int valueCols) {
            Tensor keys = memory.view(0, DType.F32, rows, keyCols);
            Tensor all = memory.view(0, DType.F32, rows, keyCols + valueCols);
            return new Rows(all, keys, memory.view(keys.sizeBytes(), DType.F32, rows, valueCols));
        }

        void copyFrom(Tensor keys, Tensor values) {
            k.copyFrom(keys);
            v.copyFrom(values);
        }
    }

    /// The keys that some queries of a part see in another part of the same sequence.
    ///
    /// @param first the first query that sees any of them
    /// @param queries the number of queries from it on that do
    /// @param position of the first query, from the first key on
    /// @param shape of the attention, whose span counts the keys of this part
    private record Sight(int first, int queries, int position, AttentionShape shape) { }

    private Sight sight(Part query, Part key, int owner) {
        if (query.sequence() != key.sequence()) {
            return new Sight(0, 0, 0, shape);
        }
        if (context.isStriped()) {
            return stripes(query, key, owner);
        }
        int distance = query.from() - key.from();
        return switch (shape.span()) {
            case Span.Bidirectional all -> new Sight(0, query.size(), 0, shape);
            case Span.Sliding(int window) when distance >= 0 ->
                    new Sight(0, Math.clamp((long) key.size() + window - 1 - distance, 0, query.size()), distance,
                            shape);
            default -> new Sight(0, distance < 0 ? 0 : query.size(), Math.max(0, distance), shape);
        };
    }

    /// Query i of rank r is token `i·P + r`, key j of rank s is token `j·P + s`.
    private Sight stripes(Part query, Part key, int owner) {
        int later = owner > ranks.rank() ? 1 : 0;
        int rest = query.size() - later;
        return switch (shape.span()) {
            case Span.Bidirectional all -> new Sight(0, query.size(), 0, shape);
            case Span.Sliding(int window) -> {
                int own = Math.max(0, Math.ceilDiv(window - ranks.rank() + owner, ranks.size()) - later);
                yield own == 0 ? new Sight(0, 0, 0, shape) : new Sight(later, Math.clamp((long) key.size() + own - 1, 0,
                        rest), 0, new AttentionShape(shape.numHeads(), shape.numKeyValueHeads(), shape.keySize(),
                        shape.valueSize(), shape.scale(), new Span.Sliding(own), shape.scores(), shape.isPart()));
            }
            default -> new Sight(later, rest, 0, shape);
        };
    }

    private int owner(int step) {
        return (ranks.rank() - step + ranks.size()) % ranks.size();
    }

    private Rows rows(Tensor memory, int step) {
        return Rows.of(memory, context.count(owner(step)), k.cols(), v.cols());
    }

    private int most() {
        int most = 0;
        for (int p = 0; p < ranks.size(); p++) {
            most = Math.max(most, context.count(p));
        }
        return most;
    }

    private Runnable pass(Rows now, Rows next) {
        int size = ranks.size();
        return ranks.begin(now.memory.memory(), (ranks.rank() + 1) % size, next.memory.memory(),
                (ranks.rank() - 1 + size) % size);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(q.rows(), shape.numHeads() * shape.valueSize());
        logSumExp = ops.allocate(q.rows(), shape.numHeads());
        for (long i = 0; i < logSumExp.size(); i++) {
            logSumExp.set(i, Float.NEGATIVE_INFINITY);
        }
        int mark = ops.mark();
        Tensor[] memory = {ops.allocate(most(), k.cols() + v.cols()), ops.allocate(most(), k.cols() + v.cols())};
        Tensor part = ops.allocate(q.rows(), y.cols());
        Tensor sums = ops.allocate(q.rows(), shape.numHeads());
        PartialAttention merging = new PartialAttention(ops.kernels().workers());
        rows(memory[0], 0).copyFrom(k, v);
        for (int step = 0; step < ranks.size(); step++) {
            Rows block = rows(memory[step % 2], step);
            Runnable next = step + 1 < ranks.size() ? pass(block, rows(memory[(step + 1) % 2], step + 1)) : () -> { };
            for (Part query : context.blocks(ranks.rank())) {
                for (Part key : context.blocks(owner(step))) {
                    Sight sight = sight(query, key, owner(step));
                    if (sight.queries > 0) {
                        int from = query.row() + sight.first;
                        int to = from + sight.queries;
                        KeyValues[] seen = {KeyValues.of(key.of(block.k), key.of(block.v))};
                        ops.kernels().attention(part.rows(from, to), sums.rows(from, to), q.rows(from, to), seen,
                                new Runs().add(sight.queries, sight.position), sight.shape,
                                Compute.stored(learned));
                        merging.merge(y.rows(from, to), logSumExp.rows(from, to), part.rows(from, to),
                                sums.rows(from, to));
                    }
                }
            }
            next.run();
        }
        ops.release(mark);
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, v);
        inputs.weights(learned);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        int cols = k.cols() + v.cols();
        Tensor[] memory = {tape.scratch(most(), cols), tape.scratch(most(), cols)};
        Tensor[] gradients = {tape.scratch(most(), cols), tape.scratch(most(), cols)};
        rows(memory[0], 0).copyFrom(k, v);
        gradients[0].zero();
        Kernels kernels = tape.kernels();
        Tensor dy = tape.gradient(y);
        Tensor dq = tape.gradient(q);
        Tensor dlearned = tape.gradient(learned);
        int size = ranks.size();
        for (int step = 0; step < size; step++) {
            Rows block = rows(memory[step % 2], step);
            Rows dblock = rows(gradients[step % 2], step);
            Runnable next = step + 1 < size ? pass(block, rows(memory[(step + 1) % 2], step + 1)) : () -> { };
            for (Part query : context.blocks(ranks.rank())) {
                for (Part key : context.blocks(owner(step))) {
                    Sight sight = sight(query, key, owner(step));
                    int from = query.row() + sight.first;
                    int to = from + sight.queries;
                    if (sight.queries > 0) {
                        kernels.attentionBackward(new AttentionTrace(sight.shape,
                                new Runs().add(sight.queries, sight.position), q.rows(from, to),
                                new Runs().add(key.size(), 0), key.of(block.k), key.of(block.v),
                                Compute.stored(learned), y.rows(from, to), logSumExp.rows(from, to),
                                dy.rows(from, to), dq.rows(from, to), key.of(dblock.k), key.of(dblock.v), dlearned));
                    }
                }
            }
            next.run();
            if (size > 1) {
                pass(dblock, rows(gradients[(step + 1) % 2], (step + 1) % size)).run();
            }
        }
        Rows home = rows(gradients[size > 1 ? size % 2 : 0], 0);
        kernels.add(tape.gradient(k), tape.gradient(k), home.k, 1);
        kernels.add(tape.gradient(v), tape.gradient(v), home.v, 1);
    }
}
