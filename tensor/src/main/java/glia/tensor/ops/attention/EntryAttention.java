package glia.tensor.ops.attention;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;

/// Attention of each token over the last positions, a sliding window, and over listed entries for earlier blocks
/// together, with one key-value head whose keys are the values, and a sink for each head. The rows of a token are
/// gathered into contiguous memory, and the attention kernel treats them as a sequence.
public final class EntryAttention implements Operation {
    /// Limit of gathered values at a time, which stay in the caches; the rows of a single token may exceed it.
    private static final int BATCH = 1 << 20;

    private final Tensor q;
    private final Tensor k;
    private final Tensor entries;
    private final KeyValueState recent;
    private final KeyValueState compressed;
    private final Runs runs;
    private final int window;
    private final int[][] lists;
    private final AttentionShape shape;
    private final Weight sinks;
    private Tensor logSumExp;

    /// @param k `[N, E]`, kept in `recent`
    /// @param entries `[N, E]`, kept in `compressed`; the rows that lists name count
    /// @param lists for each token the positions of its entries
    /// @param shape the attention's shape, with sinks; its span is ignored
    public EntryAttention(Tensor q, Tensor k, KeyValueState recent, Tensor entries, KeyValueState compressed, Runs runs,
            int window, int[][] lists, AttentionShape shape, Weight sinks) {
        Compute.require(q.cols() == shape.numHeads() * shape.keySize() && q.rows() == runs.numTokens()
                && shape.numKeyValueHeads() == 1 && k.rows() == q.rows() && k.cols() == shape.keySize()
                && entries.rows() == q.rows() && entries.cols() == k.cols() && lists.length == q.rows() && window > 0,
                "attention to entries", q, k);
        this.q = q;
        this.k = k;
        this.entries = entries;
        this.recent = recent;
        this.compressed = compressed;
        this.runs = runs;
        this.window = window;
        this.lists = lists;
        this.shape = new AttentionShape(shape.numHeads(), 1, shape.keySize(), shape.valueSize(), shape.scale(),
                new Span.Causal(), shape.scores());
        this.sinks = sinks;
    }

    private int position(int run, int n) {
        return runs.position(run) + n - runs.start(run);
    }

    /// The number of window positions of a token.
    private int near(int position) {
        return Math.min(position + 1, window);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(q.rows(), q.cols());
        logSumExp = ops.allocate(q.rows(), shape.numHeads());
        KeyValues[] last = recent.append(k, k, runs);
        KeyValues[] earlier = compressed.append(entries, entries, runs);
        for (int run = 0; run < runs.count(); run++) {
            int longest = 1;
            for (int n = runs.start(run); n < runs.end(run); n++) {
                longest = Math.max(longest, near(position(run, n)) + lists[n].length);
            }
            int batch = Math.clamp(BATCH / Math.multiplyExact((long) longest, k.cols()), 1, Math.max(1, q.rows()));
            for (int from = runs.start(run); from < runs.end(run); from += batch) {
                attend(ops, run, from, Math.min(runs.end(run), from + batch), longest, last[run], earlier[run], y);
            }
        }
        return y;
    }

    private void attend(Compute ops, int run, int from, int to, int longest, KeyValues last, KeyValues earlier,
            Tensor y) {
        int mark = ops.mark();
        KeyValueType type = last.type().ofKeys();
        long rowBytes = type.rowBytes(k.cols());
        long memory = ops.allocate((to - from) * longest, (int) Math.ceilDiv(rowBytes, Float.BYTES)).address();
        KeyValues[] gathered = new KeyValues[to - from];
        Runs each = new Runs();
        for (int n = from; n < to; n++) {
            int count = near(position(run, n)) + lists[n].length;
            long at = memory + (long) (n - from) * longest * rowBytes;
            KeyValues rows = new KeyValues(type, count, k.cols(), k.cols());
            rows.addPage(at, at);
            rows.setLength(count);
            gathered[n - from] = rows;
            each.add(1, count - 1);
        }
        Ranges.run(ops.kernels().workers(), to - from, (long) longest * k.cols(), (first, end) -> {
            for (int n = from + first; n < from + end; n++) {
                int position = position(run, n);
                int near = near(position);
                long at = gathered[n - from].keyAddress(0);
                for (int i = 0; i < near + lists[n].length; i++) {
                    long source = i < near ? last.keyAddress(position + 1 - near + i)
                            : earlier.keyAddress(lists[n][i - near]);
                    MemorySegment.copy(Memory.ALL, source, Memory.ALL, at + i * rowBytes, rowBytes);
                }
            }
        });
        ops.kernels().attention(y.rows(from, to), logSumExp.rows(from, to), q.rows(from, to), gathered, each, shape,
                Compute.stored(sinks));
        ops.release(mark);
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, entries);
        inputs.weights(sinks);
    }

    @Override
    public Operation owned() {
        return new EntryAttention(q, k, recent, entries, compressed, runs.frozen(), window, lists, shape, sinks);
    }

    /// As `SparseAttentionBackward`, of full sequences; `dsink += -exp(sink - lse) · (do·o)`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dq = tape.gradient(q);
        Tensor dk = tape.gradient(k);
        Tensor de = tape.gradient(entries);
        Tensor dy = tape.gradient(y);
        Tensor dsinks = tape.gradient(sinks);
        Tensor learned = Compute.stored(sinks);
        double[][] found = new double[runs.count()][shape.numHeads()];
        int size = shape.keySize();
        tape.kernels().workers().run((run, worker) -> {
            for (int n = runs.start(run); n < runs.end(run); n++) {
                for (int h = 0; h < shape.numHeads(); h++) {
                    long at = 4L * ((long) n * q.cols() + (long) h * size);
                    float lse = logSumExp.get((long) n * shape.numHeads() + h);
                    double along = Vectors.dot(dy.address() + at, y.address() + at, size);
                    found[run][h] -= Math.exp(learned.get(h) - lse) * along;
                    int near = near(position(run, n));
                    for (int i = 0; i < near + lists[n].length; i++) {
                        boolean isNear = i < near;
                        long row = 4L * size * (isNear ? n + 1 - near + i : runs.start(run) + lists[n][i - near]);
                        long key = (isNear ? k : entries).address() + row;
                        long gradient = (isNear ? dk : de).address() + row;
                        double w = Math.exp(shape.scale() * Vectors.dot(q.address() + at, key, size) - lse);
                        double ds = w * (Vectors.dot(dy.address() + at, key, size) - along) * shape.scale();
                        Vectors.addScaled(dq.address() + at, key, (float) ds, size);
                        Vectors.addScaled(gradient, q.address() + at, (float) ds, size);
                        Vectors.addScaled(gradient, dy.address() + at, (float) w, size);
                    }
                }
            }
        }, runs.count());
        for (double[] ofRun : found) {
            for (int h = 0; h < ofRun.length; h++) {
                dsinks.set(h, dsinks.get(h) + (float) ofRun[h]);
            }
        }
    }
}
