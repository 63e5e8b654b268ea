package glia.tensor.ops.attention;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.ContextParallel.Part;
import java.util.Arrays;
import java.util.List;

/// Softmax attention of a rank's queries over the keys and values of all ranks, which it gathers. The backward pass
/// gathers them again, and each rank adds the gradients of its keys and values in the order of the ranks.
///
/// For T tokens with K·(E + V) numbers of keys and values, all P ranks together send `4 · (P - 1) · T · K·(E + V)`
/// bytes forward, and twice that backward.
final class GatheredAttention implements Operation.Rounded {
    private final ContextParallel context;
    private final RankGroup ranks;
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final Runs runs;
    private final AttentionShape shape;
    private final Weight learned;
    private Tensor logSumExp;

    GatheredAttention(ContextParallel context, Tensor q, Tensor k, Tensor v, Runs runs, AttentionShape shape,
            Weight learned) {
        this.context = context;
        this.ranks = context.ranks();
        this.q = q;
        this.k = k;
        this.v = v;
        this.runs = runs;
        this.shape = shape;
        this.learned = learned;
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(q.rows(), shape.numHeads() * shape.valueSize());
        logSumExp = ops.allocate(q.rows(), shape.numHeads());
        int mark = ops.mark();
        int tokens = context.whole().numTokens();
        Tensor keys = gather(k, ops.allocate(tokens, k.cols()), ops.allocate(tokens, k.cols()));
        Tensor values = gather(v, ops.allocate(tokens, v.cols()), ops.allocate(tokens, v.cols()));
        List<Part> own = context.parts(ranks.rank());
        KeyValues[] views = new KeyValues[own.size()];
        for (int i = 0; i < views.length; i++) {
            views[i] = KeyValues.of(sequence(keys, own.get(i)), sequence(values, own.get(i)));
        }
        ops.kernels().attention(y, logSumExp, q, views, runs, shape, Compute.stored(learned));
        ops.release(mark);
        return y;
    }

    private Tensor sequence(Tensor whole, Part part) {
        return whole.rows(context.whole().start(part.sequence()), context.whole().end(part.sequence()));
    }

    /// Gathers the rows of all ranks in the order of the sequences.
    private Tensor gather(Tensor own, Tensor whole, Tensor buffer) {
        Tensor[] slices = slices(buffer, own.cols());
        slices[ranks.rank()].copyFrom(own);
        ranks.allGather(ContextParallel.memory(slices));
        for (int p = 0; p < slices.length; p++) {
            for (Part part : context.parts(p)) {
                rows(whole, part).copyFrom(part.of(slices[p]));
            }
        }
        return whole;
    }

    private Tensor[] slices(Tensor buffer, int cols) {
        int[] counts = new int[ranks.size()];
        for (int p = 0; p < counts.length; p++) {
            counts[p] = context.count(p);
        }
        return ContextParallel.split(buffer, counts, cols);
    }

    private Tensor rows(Tensor whole, Part part) {
        int start = context.whole().start(part.sequence());
        return whole.rows(start + part.from(), start + part.to());
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, v);
        inputs.weights(learned);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        int tokens = context.whole().numTokens();
        Tensor buffer = tape.scratch(tokens, Math.max(k.cols(), v.cols()));
        Tensor keys = gather(k, tape.scratch(tokens, k.cols()), buffer);
        Tensor values = gather(v, tape.scratch(tokens, v.cols()), buffer);
        Tensor dkeys = tape.scratch(tokens, k.cols());
        Tensor dvalues = tape.scratch(tokens, v.cols());
        dkeys.zero();
        dvalues.zero();
        Tensor dy = tape.gradient(y);
        Tensor dq = tape.gradient(q);
        Tensor dlearned = tape.gradient(learned);
        for (Part part : context.parts(ranks.rank())) {
            tape.kernels().attentionBackward(new AttentionTrace(shape, new Runs().add(part.size(), part.from()),
                    part.of(q), new Runs().add(sequence(keys, part).rows(), 0), sequence(keys, part),
                    sequence(values, part), Compute.stored(learned), part.of(y), part.of(logSumExp), part.of(dy),
                    part.of(dq), sequence(dkeys, part), sequence(dvalues, part), dlearned));
        }
        addOwn(tape, k, dkeys, buffer);
        addOwn(tape, v, dvalues, buffer);
    }

    /// Adds to the gradient of this rank's rows what all ranks have for them.
    private void addOwn(Tape tape, Tensor own, Tensor dwhole, Tensor buffer) {
        Kernels kernels = tape.kernels();
        Tensor[] send = slices(buffer, own.cols());
        for (int p = 0; p < send.length; p++) {
            for (Part part : context.parts(p)) {
                part.of(send[p]).copyFrom(rows(dwhole, part));
            }
        }
        int[] counts = new int[ranks.size()];
        Arrays.fill(counts, own.rows());
        Tensor[] receive = ContextParallel.split(tape.scratch(own.rows() * counts.length, own.cols()), counts,
                own.cols());
        ranks.allToAll(ContextParallel.memory(send), ContextParallel.memory(receive));
        Tensor gradient = tape.gradient(own);
        for (Tensor part : receive) {
            kernels.add(gradient, gradient, part, 1);
        }
    }

    @Override
    public Operation owned() {
        return new GatheredAttention(context, q, k, v, runs.frozen(), shape, learned);
    }
}
