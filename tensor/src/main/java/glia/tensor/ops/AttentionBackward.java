package glia.tensor.ops;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The gradient of softmax attention over whole sequences. Probabilities are computed again from the stored logarithms
/// of the denominators, so no T×T matrix is kept (https://arxiv.org/abs/2205.14135, algorithm 4):
///
/// `p = exp(score(scale · q·k) - lse)`, `dv += p · do`, `ds = p · (do·v - do·o)`, `dq += scale · score' · ds · k`,
/// `dk += scale · score' · ds · q`. A bucket's bias gets the sum of its `ds`, a sink `-exp(sink - lse) · do·o`.
final class AttentionBackward {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private final AttentionShape shape;
    private final Runs runs;
    private final Runs keyRuns;
    private final MemorySegment q;
    private final MemorySegment k;
    private final MemorySegment v;
    private final MemorySegment out;
    private final MemorySegment logSumExp;
    private final MemorySegment learned;

    AttentionBackward(AttentionShape shape, Runs runs, Tensor q, Runs keyRuns, Tensor k, Tensor v, Tensor out,
            Tensor logSumExp, Tensor learned) {
        this.shape = shape;
        this.runs = runs;
        this.keyRuns = keyRuns;
        this.q = q.memory();
        this.k = k.memory();
        this.v = v.memory();
        this.out = out.memory();
        this.logSumExp = logSumExp.memory();
        this.learned = glia.tensor.Memory.ALL.asSlice(learned.address(), learned.sizeBytes());
    }

    /// Adds to the gradients of queries, keys, values and what was learned what flows back from `dout`. One key-value
    /// head is one chunk, so no two threads write to the same place.
    void run(Workers workers, Tensor dq, Tensor dk, Tensor dv, Tensor dlearned, Tensor dout) {
        workers.run((kvHead, worker) -> {
            for (int run = 0; run < runs.count(); run++) {
                for (int g = 0; g < shape.groupSize(); g++) {
                    for (int n = runs.start(run); n < runs.end(run); n++) {
                        token(run, kvHead, kvHead * shape.groupSize() + g, n,
                                dq.memory(), dk.memory(), dv.memory(), dlearned, dout.memory());
                    }
                }
            }
        }, shape.numKeyValueHeads());
    }

    private void token(int run, int kvHead, int head, int n, MemorySegment dq, MemorySegment dk, MemorySegment dv,
            Tensor dlearned, MemorySegment dout) {
        int keySize = shape.keySize();
        int valueSize = shape.valueSize();
        long atQ = ((long) n * shape.numHeads() + head) * keySize;
        long atO = ((long) n * shape.numHeads() + head) * valueSize;
        int position = runs.position(run) + n - runs.start(run);
        int length = keyRuns.end(run) - keyRuns.start(run);
        float lse = logSumExp.getAtIndex(F32, (long) n * shape.numHeads() + head);
        double doO = dot(dout, atO, out, atO, valueSize);
        if (shape.scores() instanceof Scores.Sinks) {
            dlearned.set(head, dlearned.get(head) - (float) (Math.exp(learned.getAtIndex(F32, head) - lse) * doO));
        }
        for (int p = shape.span().first(position); p <= shape.span().last(position, length); p++) {
            long row = (long) (keyRuns.start(run) + p) * shape.numKeyValueHeads() + kvHead;
            double score = score(shape.scale() * dot(q, atQ, k, row * keySize, keySize), head, p - position);
            double probability = Math.exp(score - lse);
            addScaled(dv, row * valueSize, dout, atO, (float) probability, valueSize);
            double ds = probability * (dot(dout, atO, v, row * valueSize, valueSize) - doO);
            double dProduct = shape.scale() * back(ds, score, head, p - position, dlearned);
            addScaled(dq, atQ, k, row * keySize, (float) dProduct, keySize);
            addScaled(dk, row * keySize, q, atQ, (float) dProduct, keySize);
        }
    }

    private double score(double product, int head, int distance) {
        return switch (shape.scores()) {
            case Scores.Plain plain -> product;
            case Scores.Sinks sinks -> product;
            case Scores.Capped capped -> capped.cap() * Math.tanh(product / capped.cap());
            case Scores.Alibi alibi -> product + alibi.slope(head, shape.numHeads()) * distance;
            case Scores.Bucketed bucketed -> product + learned.getAtIndex(F32, biasAt(bucketed, head, distance));
        };
    }

    private long biasAt(Scores.Bucketed rule, int head, int distance) {
        return (long) rule.bucket(distance) * shape.numHeads() + head;
    }

    /// From the gradient of a score to that of the product behind it.
    private double back(double ds, double score, int head, int distance, Tensor dlearned) {
        return switch (shape.scores()) {
            case Scores.Plain plain -> ds;
            case Scores.Sinks sinks -> ds;
            case Scores.Alibi alibi -> ds;
            case Scores.Capped capped -> ds * (1 - score / capped.cap() * (score / capped.cap()));
            case Scores.Bucketed bucketed -> {
                long at = biasAt(bucketed, head, distance);
                dlearned.set(at, dlearned.get(at) + (float) ds);
                yield ds;
            }
        };
    }

    private static double dot(MemorySegment a, long atA, MemorySegment b, long atB, int size) {
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += (double) a.getAtIndex(F32, atA + i) * b.getAtIndex(F32, atB + i);
        }
        return sum;
    }

    private static void addScaled(MemorySegment to, long atTo, MemorySegment from, long atFrom, float scale, int size) {
        for (int i = 0; i < size; i++) {
            to.setAtIndex(F32, atTo + i, to.getAtIndex(F32, atTo + i) + scale * from.getAtIndex(F32, atFrom + i));
        }
    }
}
