package glia.tensor.ops.attention;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import java.lang.foreign.MemorySegment;

/// Sparse attention: softmax attention of each token over its own list of positions, `out[n,h] = Σ_{p ∈ list(n)}
/// softmax_p(scale · q[n,h]·key[p]) · value[p]`. It costs O(T·k) for lists of k positions: the rows of a list are
/// gathered into contiguous memory, and the attention kernel treats them as a sequence of k positions.
///
/// Values may be the first columns of the keys' rows, as in latent attention in absorbed form.
public final class SparseAttention implements Operation {
    /// Limit of gathered values at a time, which stay in the caches; a single list may exceed it.
    private static final int BATCH = 1 << 20;

    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final KeyValueState state;
    private final Runs runs;
    private final AttendedPositions lists;
    private final AttentionShape shape;
    private Tensor logSumExp;

    /// @param k `[N, K·keySize]`
    /// @param v `[N, K·valueSize]`, or k itself if there is one key-value head
    /// @param lists the lists of all tokens, up to each token's own position
    /// @param shape the attention's shape, whose span is ignored
    public SparseAttention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttendedPositions lists,
            AttentionShape shape) {
        Compute.require(q.cols() == shape.numHeads() * shape.keySize() && q.rows() == runs.numTokens(), "attention", q,
                shape);
        Compute.require(k.cols() == shape.numKeyValueHeads() * shape.keySize() && k.rows() == q.rows(), "attention", k,
                shape);
        Compute.require(v.rows() == q.rows() && (v.cols() == shape.numKeyValueHeads() * shape.valueSize()
                || v == k && shape.numKeyValueHeads() == 1 && v.cols() >= shape.valueSize()), "attention", v, shape);
        Compute.require(lists.numTokens() == q.rows(), "sparse attention", q, lists.numTokens());
        this.q = q;
        this.k = k;
        this.v = v;
        this.state = state;
        this.runs = runs;
        this.lists = lists;
        this.shape = new AttentionShape(shape.numHeads(), shape.numKeyValueHeads(), shape.keySize(), shape.valueSize(),
                shape.scale(), new Span.Causal());
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(q.rows(), shape.numHeads() * shape.valueSize());
        logSumExp = ops.allocate(q.rows(), shape.numHeads());
        KeyValues[] sequences = state.append(k, v, runs);
        int mark = ops.mark();
        int longest = 1;
        for (int n = 0; n < q.rows(); n++) {
            longest = Math.max(longest, lists.count(n));
        }
        int width = k.cols() + (v == k ? 0 : v.cols());
        int batch = Math.clamp(BATCH / Math.multiplyExact((long) longest, width), 1, Math.max(1, q.rows()));
        KeyValueType type = runs.count() == 0 ? KeyValueType.F32 : sequences[0].type();
        RowGather rowGather = new RowGather(ops, type, batch, longest);
        Runs each = new Runs();
        KeyValues[] gathered = new KeyValues[batch];
        int run = 0;
        for (int from = 0; from < q.rows(); from += batch) {
            int to = Math.min(q.rows(), from + batch);
            each.clear();
            rowGather.begin(from);
            for (int n = from; n < to; n++) {
                while (n >= runs.end(run)) {
                    run++;
                }
                gathered[n - from] = rowGather.add(sequences[run]);
                each.add(1, lists.count(n) - 1);
            }
            rowGather.run();
            ops.kernels().attention(y.rows(from, to), logSumExp.rows(from, to), q.rows(from, to), gathered, each,
                    shape);
        }
        ops.release(mark);
        return y;
    }

    /// Copies the rows of some tokens' lists to contiguous memory, in their stored type.
    private final class RowGather extends RangeTask {
        private final KeyValueType type;
        private final long keys;
        private final long keyBytes;
        /// The address of the values; the keys' address if the keys are the values too.
        private final long values;
        private final long valueBytes;
        private final int longest;
        private final KeyValues[] from;
        private int firstToken;
        private int count;

        RowGather(Compute ops, KeyValueType type, int batch, int longest) {
            super(ops.kernels().workers());
            this.type = type;
            this.longest = longest;
            keyBytes = type.rowBytes(k.cols());
            valueBytes = type.ofValues().rowBytes(v.cols());
            keys = memory(ops, batch * longest, keyBytes);
            values = v == k ? keys : memory(ops, batch * longest, valueBytes);
            from = new KeyValues[batch];
        }

        private static long memory(Compute ops, int rows, long rowBytes) {
            return ops.allocate(rows, (int) Math.ceilDiv(rowBytes, Float.BYTES)).address();
        }

        void begin(int token) {
            firstToken = token;
            count = 0;
        }

        /// Adds the next token and returns a view of its rows, which are copied later.
        KeyValues add(KeyValues sequence) {
            KeyValues rows = new KeyValues(v == k ? type.ofKeys() : type, lists.count(firstToken + count), k.cols(),
                    v.cols());
            rows.addPage(keyAddress(count, 0), valueAddress(count, 0));
            rows.setLength(lists.count(firstToken + count));
            from[count++] = sequence;
            return rows;
        }

        private long keyAddress(int slot, int i) {
            return keys + ((long) slot * longest + i) * keyBytes;
        }

        private long valueAddress(int slot, int i) {
            return values + ((long) slot * longest + i) * valueBytes;
        }

        void run() {
            distribute(count * longest, k.cols());
        }

        @Override
        protected void range(int first, int end, int worker) {
            for (int unit = first; unit < end; unit++) {
                int slot = unit / longest;
                int i = unit % longest;
                if (i < lists.count(firstToken + slot)) {
                    int position = lists.get(firstToken + slot, i);
                    copy(from[slot].keyAddress(position), keyAddress(slot, i), keyBytes);
                    if (v != k) {
                        copy(from[slot].valueAddress(position), valueAddress(slot, i), valueBytes);
                    }
                }
            }
        }

        private static void copy(long source, long target, long bytes) {
            MemorySegment.copy(Memory.ALL, source, Memory.ALL, target, bytes);
        }
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, v);
    }

    @Override
    public Operation owned() {
        return new SparseAttention(q, k, v, state, runs.frozen(), lists.frozen(), shape);
    }

    /// Recomputes probabilities from the logarithms of the denominators, as `AttentionBackward`. The choice of
    /// positions has no gradient.
    @Override
    public void backward(Tape tape, Tensor y) {
        SparseAttentionBackward.run(
                tape, new SparseAttentionBackward.Inputs(q, k, v, y, logSumExp), runs, lists, shape);
    }

    /// The gradient of sparse attention over full sequences. For each position p of a token's list: `w = exp(scale ·
    /// q·k_p
    /// - lse)`, `dv_p += w · do`, `ds = w · (do·v_p - do·o)`, `dq += scale · ds · k_p`, `dk_p += scale · ds · q`.
    static final class SparseAttentionBackward {
        /// The inputs and outputs of the forward pass.
        record Inputs(Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp) { }

        private final Inputs in;
        private final AttendedPositions lists;
        private final AttentionShape shape;
        private final long dq;
        private final long dk;
        private final long dv;
        private final long dout;

        private SparseAttentionBackward(Tape tape, Inputs in, AttendedPositions lists, AttentionShape shape) {
            this.in = in;
            this.lists = lists;
            this.shape = shape;
            dq = tape.gradient(in.q).address();
            dk = tape.gradient(in.k).address();
            dv = tape.gradient(in.v).address();
            dout = tape.gradient(in.out).address();
        }

        /// Adds to the gradients of q, k and v. A chunk is one key-value head of one run, so no two threads write to
        /// the same memory.
        static void run(Tape tape, Inputs in, Runs runs, AttendedPositions lists, AttentionShape shape) {
            SparseAttentionBackward back = new SparseAttentionBackward(tape, in, lists, shape);
            int kvHeads = shape.numKeyValueHeads();
            tape.kernels().workers().run((chunk, worker) -> {
                int run = chunk / kvHeads;
                int kvHead = chunk % kvHeads;
                for (int n = runs.start(run); n < runs.end(run); n++) {
                    for (int g = 0; g < shape.groupSize(); g++) {
                        back.token(n, runs.start(run), kvHead, kvHead * shape.groupSize() + g);
                    }
                }
            }, runs.count() * kvHeads);
        }

        private void token(int n, int firstRow, int kvHead, int head) {
            int keySize = shape.keySize();
            int valueSize = shape.valueSize();
            long atQ = 4L * ((long) n * in.q.cols() + head * keySize);
            long atO = 4L * ((long) n * in.out.cols() + head * valueSize);
            float lse = in.logSumExp.get((long) n * shape.numHeads() + head);
            double along = Vectors.dot(dout + atO, in.out.address() + atO, valueSize);
            for (int i = 0; i < lists.count(n); i++) {
                long row = firstRow + lists.get(n, i);
                long atK = 4L * (row * in.k.cols() + kvHead * keySize);
                long atV = 4L * (row * in.v.cols() + kvHead * valueSize);
                double w = Math.exp(shape.scale() * Vectors.dot(in.q.address() + atQ, in.k.address() + atK, keySize)
                        - lse);
                Vectors.addScaled(dv + atV, dout + atO, (float) w, valueSize);
                double ds = w * (Vectors.dot(dout + atO, in.v.address() + atV, valueSize) - along) * shape.scale();
                Vectors.addScaled(dq + atQ, in.k.address() + atK, (float) ds, keySize);
                Vectors.addScaled(dk + atK, in.q.address() + atQ, (float) ds, keySize);
            }
        }
    }
}
