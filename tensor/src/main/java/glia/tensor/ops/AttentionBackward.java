package glia.tensor.ops;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The gradient of softmax attention over whole sequences. Probabilities are computed again from the stored logarithms
/// of the denominators, so no T×T matrix is kept (https://arxiv.org/abs/2205.14135, algorithm 4):
///
/// `p = exp(scale · q·k - lse)`, `dv += p · do`, `ds = p · (do·v - do·o)`, `dq += scale · ds · k`,
/// `dk += scale · ds · q`.
final class AttentionBackward {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private final AttentionShape shape;
    private final Runs runs;
    private final MemorySegment q;
    private final MemorySegment k;
    private final MemorySegment v;
    private final MemorySegment out;
    private final MemorySegment logSumExp;

    AttentionBackward(AttentionShape shape, Runs runs, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp) {
        this.shape = shape;
        this.runs = runs;
        this.q = q.memory();
        this.k = k.memory();
        this.v = v.memory();
        this.out = out.memory();
        this.logSumExp = logSumExp.memory();
    }

    /// Adds to the gradients of queries, keys and values what flows back from `dout`. One key-value head is one chunk,
    /// so no two threads write to the same place.
    void run(Workers workers, Tensor dq, Tensor dk, Tensor dv, Tensor dout) {
        int kvHeads = shape.numKeyValueHeads();
        workers.run((chunk, worker) -> {
            int run = chunk / kvHeads;
            int kvHead = chunk % kvHeads;
            for (int g = 0; g < shape.groupSize(); g++) {
                for (int n = runs.start(run); n < runs.end(run); n++) {
                    token(run, kvHead, kvHead * shape.groupSize() + g, n,
                            dq.memory(), dk.memory(), dv.memory(), dout.memory());
                }
            }
        }, runs.count() * kvHeads);
    }

    private void token(int run, int kvHead, int head, int n, MemorySegment dq, MemorySegment dk, MemorySegment dv,
            MemorySegment dout) {
        int keySize = shape.keySize();
        int valueSize = shape.valueSize();
        long atQ = ((long) n * shape.numHeads() + head) * keySize;
        long atO = ((long) n * shape.numHeads() + head) * valueSize;
        int position = n - runs.start(run);
        float lse = logSumExp.getAtIndex(F32, (long) n * shape.numHeads() + head);
        double doO = dot(dout, atO, out, atO, valueSize);
        for (int p = shape.span().first(position); p <= Math.min(position, shape.span().last(position)); p++) {
            long row = (long) (runs.start(run) + p) * shape.numKeyValueHeads() + kvHead;
            double probability = Math.exp(shape.scale() * dot(q, atQ, k, row * keySize, keySize) - lse);
            addScaled(dv, row * valueSize, dout, atO, (float) probability, valueSize);
            double ds = probability * (dot(dout, atO, v, row * valueSize, valueSize) - doO) * shape.scale();
            addScaled(dq, atQ, k, row * keySize, (float) ds, keySize);
            addScaled(dk, row * keySize, q, atQ, (float) ds, keySize);
        }
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
