package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Vectors;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Softmax attention over KV cache pages, for one query head of one token at a time, in blocks of positions that begin
/// at multiples of 64, so that the page size does not change the result. Only one block of scores is in memory. When a
/// block has a new largest score, the sums so far are scaled down (online softmax, https://arxiv.org/abs/1805.02867).
final class Attention extends RangeTask {
    private static final int BLOCK = 64;

    private final Scratch queries;
    private final Scratch sums;
    private final Scratch blocks;
    private final HeadRows rows;
    private Tensor out;
    private Tensor logSumExp;
    private Tensor q;
    private KeyValues[] keyValues;
    private Runs runs;
    private AttentionShape shape;
    private Tensor learned;

    Attention(Workers workers) {
        super(workers);
        queries = new Scratch(workers);
        sums = new Scratch(workers);
        blocks = new Scratch(workers);
        rows = new HeadRows(workers);
    }

    void run(Tensor out, Tensor logSumExp, Tensor q, KeyValues[] keyValues, Runs runs, AttentionShape shape,
            Tensor learned) {
        int heads = shape.numHeads();
        assert out.dtype() == DType.F32 && out.rows() == q.rows() && out.cols() == heads * shape.valueSize();
        assert q.dtype() == DType.F32 && q.rows() == runs.numTokens() && q.cols() == heads * shape.keySize();
        assert logSumExp == null || logSumExp.rows() == q.rows() && logSumExp.cols() == heads;
        assert keyValues.length >= runs.count();
        assert learned.dtype() == DType.F32 && learned.size() == shape.numParameters();
        this.out = out;
        this.logSumExp = logSumExp;
        this.q = q;
        this.keyValues = keyValues;
        this.runs = runs;
        this.shape = shape;
        this.learned = learned;
        long seen = 0;
        for (int run = 0; run < runs.count(); run++) {
            seen = Math.max(seen, keyValues[run].length());
        }
        distribute(Math.multiplyExact(q.rows(), heads), seen * (shape.keySize() + shape.valueSize()));
    }

    @Override
    protected void range(int from, int to, int worker) {
        int heads = shape.numHeads();
        int run = 0;
        for (int unit = from; unit < to; unit++) {
            int token = unit / heads;
            while (token >= runs.end(run)) {
                run++;
            }
            assert shape.reads(keyValues[run]);
            attend(token, unit % heads, run, runs.position(run) + token - runs.start(run), worker);
        }
    }

    private void attend(int token, int head, int run, int position, int worker) {
        KeyValues kv = keyValues[run];
        int keySize = shape.keySize();
        int valueSize = shape.valueSize();
        int last = runs.last(run, shape.span(), position, kv.length());
        float[] query = queries.of(worker, keySize);
        float[] sum = sums.of(worker, valueSize);
        float[] scores = blocks.of(worker, BLOCK);
        Memory.load(q.address() + 4L * ((long) token * q.cols() + head * keySize), query, 0, keySize);
        java.util.Arrays.fill(sum, 0, valueSize, 0);
        boolean sinks = shape.scores() instanceof Scores.Sinks;
        float largest = sinks ? learned(head) : Float.NEGATIVE_INFINITY;
        float denominator = sinks ? 1 : 0;
        for (int p = shape.span().first(position), end; p <= last; p = end) {
            end = Math.min(last + 1, Math.min((p / BLOCK + 1) * BLOCK, (p / kv.pageTokens() + 1) * kv.pageTokens()));
            float larger = score(kv, head, query, position, p, end, scores, largest, worker);
            if (larger == Float.NEGATIVE_INFINITY) {
                continue;
            }
            float decay = (float) Math.exp(largest - larger);
            largest = larger;
            denominator *= decay;
            for (int i = 0; i < valueSize; i++) {
                sum[i] *= decay;
            }
            denominator += accumulate(kv, head, p, end, scores, largest, sum, worker);
        }
        long at = out.address() + 4L * ((long) token * out.cols() + head * valueSize);
        for (int i = 0; i < valueSize; i++) {
            Memory.f32(at + 4L * i, sum[i] / denominator);
        }
        if (logSumExp != null) {
            long where = logSumExp.address() + 4L * ((long) token * shape.numHeads() + head);
            Memory.f32(where, largest + (float) Math.log(denominator));
        }
    }

    /// Computes the scores of positions of one page; returns the largest of them and of `largest`.
    private float score(KeyValues kv, int head, float[] query, int position, int from, int to, float[] scores,
            float largest, int worker) {
        int keySize = shape.keySize();
        int first = head / shape.groupSize() * keySize;
        long row = kv.keyAddress(from);
        for (int p = from; p < to; p++, row += kv.keyRowBytes()) {
            long key = rows.of(kv.type(), row, first, keySize, worker);
            float score = score(shape.scale() * Linear.dot(query, key, keySize), head, p - position);
            scores[p - from] = score;
            largest = Math.max(largest, score);
        }
        return largest;
    }

    private float learned(long index) {
        return Memory.f32(learned.address() + 4 * index);
    }

    private float score(float product, int head, int distance) {
        return switch (shape.scores()) {
            case Scores.Plain plain -> product;
            case Scores.Sinks sinks -> product;
            case Scores.Capped capped -> capped.cap() * (float) Math.tanh(product / capped.cap());
            case Scores.Alibi alibi -> product + alibi.slope(head, shape.numHeads()) * distance;
            case Scores.RelativeBias bucketed ->
                    product + learned((long) bucketed.bucket(distance) * shape.numHeads() + head);
        };
    }

    /// Adds the weighted values of the positions to `sum`; returns the sum of the weights.
    private float accumulate(KeyValues kv, int head, int from, int to, float[] scores, float largest, float[] sum,
            int worker) {
        int valueSize = shape.valueSize();
        int first = head / shape.groupSize() * valueSize;
        long row = kv.valueAddress(from);
        float total = 0;
        for (int p = from; p < to; p++, row += kv.valueRowBytes()) {
            float weight = (float) Math.exp(scores[p - from] - largest);
            total += weight;
            long at = Memory.address(rows.of(kv.type().ofValues(), row, first, valueSize, worker));
            for (int i = 0; i < valueSize; i++) {
                sum[i] += weight * Memory.f32(at + 4L * i);
            }
        }
        return total;
    }

    /// Reads a head's values at one position of the KV cache as F32: in place, or decoded to the worker's own memory.
    static final class HeadRows {
        private final Scratch numbers;
        private final MemorySegment[] decoded;

        HeadRows(Workers workers) {
            numbers = new Scratch(workers);
            decoded = new MemorySegment[workers.count()];
            Arrays.fill(decoded, MemorySegment.NULL);
        }

        /// Returns the address of `count` F32 values, valid until the worker's next call.
        ///
        /// @param row the address of the position's row
        /// @param first the head's first column
        long of(KeyValueType type, long row, int first, int count, int worker) {
            if (type == KeyValueType.F32) {
                return row + 4L * first;
            }
            int start = type.blockStart(first);
            int cols = type.wholeBlocks(first + count) - start;
            float[] array = numbers.of(worker, cols);
            type.load(row, start, cols, array);
            if (decoded[worker].byteSize() < 4L * cols) {
                decoded[worker] = Arena.ofAuto().allocate(4L * cols, 64);
            }
            Memory.store(array, 0, decoded[worker].address(), cols);
            return decoded[worker].address() + 4L * (first - start);
        }
    }

    /// The gradient of softmax attention. Probabilities are recomputed from the stored logarithms of the denominators,
    /// so no T×T matrix is kept (https://arxiv.org/abs/2205.14135, algorithm 4):
    ///
    /// `p = exp(score(scale · q·k) - lse)`, `dv += p · do`, `ds = p · (do·v - do·o)`, `dq += scale · score' · ds · k`,
    /// `dk += scale · score' · ds · q`. The bias of a bucket gets the sum of its `ds`, a sink `-exp(sink - lse) ·
    /// do·o`. One key-value head is one unit of work, so no two threads write to the same memory.
    static final class AttentionBackward extends RangeTask {
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
            int last = trace.runs().last(run, shape.span(), position, trace.numKeys(run));
            for (int p = shape.span().first(position); p <= last; p++) {
                long key = (long) (trace.keyRuns().start(run) + p) * shape.numKeyValueHeads()
                        + head / shape.groupSize();
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
                case Scores.RelativeBias b ->
                        product + Memory.f32(trace.learned().address() + biasAt(b, head, distance));
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
}
