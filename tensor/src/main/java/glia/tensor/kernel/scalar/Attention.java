package glia.tensor.kernel.scalar;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Workers;

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
            attend(token, unit % heads, keyValues[run], runs.position(run) + token - runs.start(run), worker);
        }
    }

    private void attend(int token, int head, KeyValues kv, int position, int worker) {
        int keySize = shape.keySize();
        int valueSize = shape.valueSize();
        int last = shape.span().last(position, kv.length());
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
            long at = Memory.address(rows.of(kv.type(), row, first, valueSize, worker));
            for (int i = 0; i < valueSize; i++) {
                sum[i] += weight * Memory.f32(at + 4L * i);
            }
        }
        return total;
    }
}
