package glia.tensor.ops.attention;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// Attention with a bias by distance that each token mixes from learned profiles, and a sink of each token:
/// `score[n,h,j] = scale · q[n,h]·k[j] + r[n,h] · profile[position - j]`, without the second term at distances that
/// have no profile. The softmax has one more score, `sink[n,h]`, whose value is 0.
public final class BiasedAttention implements Operation {
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final Tensor r;
    private final Tensor sinks;
    private final Weight profiles;
    private final KeyValueState state;
    private final Runs runs;
    private final AttentionShape shape;
    private Tensor logSumExp;

    /// @param r `[N, H·B]`
    /// @param sinks `[N, H]`
    /// @param profiles `[extent, B]`
    public BiasedAttention(Tensor q, Tensor k, Tensor v, Tensor r, Tensor sinks, Weight profiles, KeyValueState state,
            Runs runs, AttentionShape shape) {
        Compute.require(q.cols() == shape.numHeads() * shape.keySize() && q.rows() == runs.numTokens(), "attention", q,
                shape);
        Compute.require(k.cols() == shape.numKeyValueHeads() * shape.keySize() && v.cols() == k.cols()
                && shape.valueSize() == shape.keySize(), "attention", k, shape);
        Compute.require(r.cols() == shape.numHeads() * profiles.cols() && sinks.cols() == shape.numHeads(),
                "attention with biases", r, sinks);
        this.q = q;
        this.k = k;
        this.v = v;
        this.r = r;
        this.sinks = sinks;
        this.profiles = profiles;
        this.state = state;
        this.runs = runs;
        this.shape = shape;
    }

    /// The keys and values of a run in F32: where they lie, or decoded.
    private record Rows(KeyValues stored, Tensor keys, Tensor values) {
        static Rows of(KeyValues stored, int first, Compute ops) {
            if (stored.type() == KeyValueType.F32) {
                return new Rows(stored, null, null);
            }
            Tensor keys = ops.allocate(stored.length(), stored.keyCols());
            Tensor values = ops.allocate(stored.length(), stored.valueCols());
            float[] row = new float[stored.type().wholeBlocks(Math.max(stored.keyCols(), stored.valueCols()))];
            for (int j = first; j < stored.length(); j++) {
                copy(stored.type().ofKeys(), stored.keyAddress(j), stored.keyCols(), row, keys, j);
                copy(stored.type().ofValues(), stored.valueAddress(j), stored.valueCols(), row, values, j);
            }
            return new Rows(stored, keys, values);
        }

        private static void copy(KeyValueType type, long from, int cols, float[] row, Tensor to, int j) {
            type.load(from, 0, type.wholeBlocks(cols), row);
            for (int i = 0; i < cols; i++) {
                to.set((long) j * cols + i, row[i]);
            }
        }

        long key(int j) {
            return keys == null ? stored.keyAddress(j) : keys.address() + j * keys.rowBytes();
        }

        long value(int j) {
            return values == null ? stored.valueAddress(j) : values.address() + j * values.rowBytes();
        }
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(q.rows(), q.cols());
        y.zero();
        logSumExp = ops.allocate(q.rows(), shape.numHeads());
        KeyValues[] sequences = state.append(k, v, runs);
        int mark = ops.mark();
        for (int run = 0; run < runs.count(); run++) {
            int number = run;
            int start = runs.start(run);
            Rows rows = Rows.of(sequences[run], shape.span().first(runs.position(run)), ops);
            int count = runs.end(run) - start;
            int heads = shape.numHeads();
            Ranges.run(ops.kernels().workers(), count * heads, 2L * shape.keySize() * rows.stored.length(),
                    (from, to) -> {
                        for (int i = from; i < to; i++) {
                            attend(y, rows, number, start + i / heads, i % heads);
                        }
                    });
        }
        ops.release(mark);
        return y;
    }

    private void attend(Tensor y, Rows rows, int run, int n, int head) {
        int position = runs.position(run) + n - runs.start(run);
        int first = shape.span().first(position);
        int last = runs.last(run, shape.span(), position, rows.stored.length());
        long at = 4L * (head / shape.groupSize()) * shape.keySize();
        double[] scores = new double[last - first + 1];
        double sink = sinks.get((long) n * shape.numHeads() + head);
        double largest = sink;
        for (int j = first; j <= last; j++) {
            scores[j - first] = shape.scale() * Vectors.dot(query(n, head), rows.key(j) + at, shape.keySize())
                    + bias(n, head, position - j);
            largest = Math.max(largest, scores[j - first]);
        }
        double sum = Math.exp(sink - largest);
        for (double score : scores) {
            sum += Math.exp(score - largest);
        }
        double lse = largest + Math.log(sum);
        logSumExp.set((long) n * shape.numHeads() + head, (float) lse);
        long out = y.address() + n * y.rowBytes() + 4L * head * shape.keySize();
        for (int j = first; j <= last; j++) {
            Vectors.addScaled(out, rows.value(j) + at, (float) Math.exp(scores[j - first] - lse), shape.keySize());
        }
    }

    private long query(int n, int head) {
        return q.address() + n * q.rowBytes() + 4L * head * shape.keySize();
    }

    private double bias(int n, int head, int distance) {
        return distance < 0 || distance >= profiles.rows() ? 0 : Vectors.dot(
                r.address() + n * r.rowBytes() + 4L * head * profiles.cols(),
                Compute.stored(profiles).address() + 4L * distance * profiles.cols(), profiles.cols());
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, v, r, sinks);
        inputs.weights(profiles);
    }

    @Override
    public Operation owned() {
        return new BiasedAttention(q, k, v, r, sinks, profiles, state, runs.frozen(), shape);
    }

    /// With probabilities w: `ds = w · (do·v_j - do·o)`, `dq += scale ds k_j`, `dk_j += scale ds q`, `dv_j += w do`,
    /// `dr += ds profile`, `dprofile += ds r`, and `dsink = -w_sink · do·o`. A chunk is a key-value head, so that no
    /// two threads write to the same memory; those of profiles are added in the order of the heads.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor[] d = {tape.gradient(q), tape.gradient(k), tape.gradient(v), tape.gradient(r), tape.gradient(sinks),
                tape.gradient(y)};
        double[][] ofProfiles = new double[shape.numKeyValueHeads()][(int) Compute.stored(profiles).size()];
        tape.kernels().workers().run((kvHead, worker) -> {
            for (int run = 0; run < runs.count(); run++) {
                for (int n = runs.start(run); n < runs.end(run); n++) {
                    for (int g = 0; g < shape.groupSize(); g++) {
                        back(d, y, ofProfiles[kvHead], run, n, kvHead * shape.groupSize() + g);
                    }
                }
            }
        }, shape.numKeyValueHeads());
        Tensor dprofiles = tape.gradient(profiles);
        for (double[] part : ofProfiles) {
            for (int i = 0; i < part.length; i++) {
                dprofiles.set(i, dprofiles.get(i) + (float) part[i]);
            }
        }
    }

    private void back(Tensor[] d, Tensor y, double[] ofProfiles, int run, int n, int head) {
        int size = shape.keySize();
        int start = runs.start(run);
        int position = n - start;
        long atHead = 4L * head * size;
        long atKey = 4L * (head / shape.groupSize()) * size;
        long dout = d[5].address() + n * d[5].rowBytes() + atHead;
        int place = n * shape.numHeads() + head;
        double lse = logSumExp.get(place);
        double along = Vectors.dot(dout, y.address() + n * y.rowBytes() + atHead, size);
        d[4].set(place, (float) (d[4].get(place) - Math.exp(sinks.get(place) - lse) * along));
        int profile = profiles.cols();
        long atR = n * r.rowBytes() + 4L * head * profile;
        int last = runs.last(run, shape.span(), position, runs.end(run) - start);
        for (int j = shape.span().first(position); j <= last; j++) {
            long key = (start + j) * k.rowBytes() + atKey;
            double w = Math.exp(shape.scale() * Vectors.dot(query(n, head), k.address() + key, size)
                    + bias(n, head, position - j) - lse);
            double ds = w * (Vectors.dot(dout, v.address() + key, size) - along);
            Vectors.addScaled(d[2].address() + key, dout, (float) w, size);
            Vectors.addScaled(d[0].address() + n * q.rowBytes() + atHead, k.address() + key,
                    (float) (shape.scale() * ds), size);
            Vectors.addScaled(d[1].address() + key, query(n, head), (float) (shape.scale() * ds), size);
            int distance = position - j;
            if (distance >= 0 && distance < profiles.rows()) {
                Vectors.addScaled(d[3].address() + atR, Compute.stored(profiles).address() + 4L * distance * profile,
                        (float) ds, profile);
                for (int i = 0; i < profile; i++) {
                    ofProfiles[distance * profile + i] += ds * Memory.f32(r.address() + atR + 4L * i);
                }
            }
        }
    }
}
