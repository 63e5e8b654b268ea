package glia.tensor.kernel.scalar;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Vectors;
import glia.tensor.kernel.Workers;

/// The gradient of softmax attention. Probabilities are recomputed from the stored logarithms of the denominators, so
/// no T×T matrix is kept (https://arxiv.org/abs/2205.14135, algorithm 4):
///
/// `p = exp(score(scale · q·k) - lse)`, `dv += p · do`, `ds = p · (do·v - do·o)`, `dq += scale · score' · ds · k`, `dk
/// += scale · score' · ds · q`. The bias of a bucket gets the sum of its `ds`, a sink `-exp(sink - lse) · do·o`. One
/// key-value head is one unit of work, so no two threads write to the same memory.
final class AttentionBackward extends RangeTask {
    private AttentionTrace trace;
    private AttentionShape shape;

    AttentionBackward(Workers workers) {
        super(workers);
    }

    void run(AttentionTrace trace) {
        this.trace = trace;
        shape = trace.shape();
        distribute(shape.numKeyValueHeads(), Integer.MAX_VALUE);
        trace.addToSinks();
    }

    @Override
    protected void range(int from, int to, int worker) {
        int group = shape.groupSize();
        for (int head = from * group; head < to * group; head++) {
            for (int run = 0; run < trace.runs().count(); run++) {
                for (int n = trace.runs().start(run); n < trace.runs().end(run); n++) {
                    token(run, head, n);
                }
            }
        }
    }

    private static long row(Tensor t, long index, int size) {
        return t.address() + 4L * index * size;
    }

    private void token(int run, int head, int n) {
        int keySize = shape.keySize();
        int valueSize = shape.valueSize();
        long index = (long) n * shape.numHeads() + head;
        long q = row(trace.q(), index, keySize);
        long dq = row(trace.dq(), index, keySize);
        long dout = row(trace.dout(), index, valueSize);
        int position = trace.runs().position(run) + n - trace.runs().start(run);
        float lse = Memory.f32(row(trace.logSumExp(), index, 1));
        double doO = Vectors.dot(dout, row(trace.out(), index, valueSize), valueSize);
        int last = shape.span().last(position, trace.numKeys(run));
        for (int p = shape.span().first(position); p <= last; p++) {
            long key = (long) (trace.keyRuns().start(run) + p) * shape.numKeyValueHeads() + head / shape.groupSize();
            long k = row(trace.k(), key, keySize);
            double score = score(shape.scale() * Vectors.dot(q, k, keySize), head, p - position);
            double probability = Math.exp(score - lse);
            Vectors.addScaled(row(trace.dv(), key, valueSize), dout, (float) probability, valueSize);
            double ds = probability * (Vectors.dot(dout, row(trace.v(), key, valueSize), valueSize) - doO);
            float dProduct = (float) (shape.scale() * back(ds, score, head, p - position));
            Vectors.addScaled(dq, k, dProduct, keySize);
            Vectors.addScaled(row(trace.dk(), key, keySize), q, dProduct, keySize);
        }
    }

    private double score(double product, int head, int distance) {
        return switch (shape.scores()) {
            case Scores.Plain plain -> product;
            case Scores.Sinks sinks -> product;
            case Scores.Capped capped -> capped.cap() * Math.tanh(product / capped.cap());
            case Scores.Alibi alibi -> product + alibi.slope(head, shape.numHeads()) * distance;
            case Scores.RelativeBias b -> product + Memory.f32(trace.learned().address() + biasAt(b, head, distance));
        };
    }

    private long biasAt(Scores.RelativeBias rule, int head, int distance) {
        return 4L * ((long) rule.bucket(distance) * shape.numHeads() + head);
    }

    /// Converts the gradient of a score to that of `scale · q·k`.
    private double back(double ds, double score, int head, int distance) {
        return switch (shape.scores()) {
            case Scores.Plain plain -> ds;
            case Scores.Sinks sinks -> ds;
            case Scores.Alibi alibi -> ds;
            case Scores.Capped capped -> ds * (1 - score / capped.cap() * (score / capped.cap()));
            case Scores.RelativeBias bucketed -> {
                long at = trace.dlearned().address() + biasAt(bucketed, head, distance);
                Memory.f32(at, Memory.f32(at) + (float) ds);
                yield ds;
            }
        };
    }
}
