package glia.tensor.ops.scan;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import java.util.Arrays;

/// The mLSTM cell of xLSTM (https://arxiv.org/abs/2405.04517, equations 19 to 27), for each of H heads a matrix memory
/// C `[keySize, valueSize]`, a normalizer n `[keySize]` and a stabilizer m, with an input gate i and a forget gate f:
///
/// > m' = max(ln σ(f) + m, i),  C ← e^(ln σ(f) + m - m')·C + e^(i - m')·k ⊗ v,  n alike with k
/// > y = Cᵀq / (max(|n·q|, e^-m') + eps),  q divided by √keySize
///
/// The state of a sequence is, for each head, C with n as its last column, then m: `[H, keySize·(valueSize + 1) + 1]`.
///
/// @param q `[N, H·keySize]`
/// @param k as q
/// @param v `[N, H·valueSize]`
/// @param input i, `[N, H]`
/// @param forget f, `[N, H]`
public record MatrixMemoryScan(Tensor q, Tensor k, Tensor v, Tensor input, Tensor forget, float eps,
        RecurrentState state, Runs runs) implements Operation.ReadsInputs {
    public MatrixMemoryScan {
        int n = runs.numTokens();
        int heads = input.cols();
        Compute.require(q.rows() == n && k.rows() == n && k.cols() == q.cols() && heads > 0 && q.cols() % heads == 0,
                "mLSTM", q, k);
        Compute.require(v.rows() == n && v.cols() % heads == 0, "mLSTM", v, input);
        Compute.require(input.rows() == n && forget.rows() == n && forget.cols() == heads, "mLSTM", input, forget);
    }

    /// The number of values in the state of a sequence.
    public static int stateSize(int numHeads, int keySize, int valueSize) {
        return Math.multiplyExact(numHeads, Math.addExact(Math.multiplyExact(keySize, valueSize + 1), 1));
    }

    private int numHeads() {
        return input.cols();
    }

    private int keySize() {
        return q.cols() / numHeads();
    }

    private int valueSize() {
        return v.cols() / numHeads();
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(v.rows(), v.cols());
        StateAddresses states = new StateAddresses(state, runs);
        states.eachHead(ops.kernels().workers(), numHeads(), (run, head) -> scan(run, head, y, states));
        return y;
    }

    private void scan(int run, int head, Tensor y, StateAddresses states) {
        Step step = new Step(Rows.begin(), run, head, null);
        int cols = valueSize() + 1;
        float[][] memory = step.rows.take(keySize(), cols);
        long first = (long) head * (keySize() * cols + 1);
        long last = first + (long) keySize() * cols;
        Rows.load(memory, states.before(run, first), keySize(), cols);
        step.stabilizers[0] = states.before(run, last) == 0 ? 0 : Memory.f32(states.before(run, last));
        for (int t = runs.start(run); t < runs.end(run); t++) {
            step.advance(t, memory, memory);
            Rows.store(step.output, y, t, 1, head * valueSize(), valueSize());
        }
        Rows.store(memory, states.after(run, first), keySize(), cols);
        if (states.after(run, last) != 0) {
            Memory.f32(states.after(run, last), step.stabilizers[runs.end(run) - runs.start(run)]);
        }
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, v, input, forget);
    }

    @Override
    public Operation owned() {
        return new MatrixMemoryScan(q, k, v, input, forget, eps, state, runs.frozen());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Compute.require(state == RecurrentState.NONE, "gradient of mLSTM", y,
                "a state: gradients need full sequences");
        Tensor[] d = {tape.gradient(q), tape.gradient(k), tape.gradient(v), tape.gradient(input),
            tape.gradient(forget), tape.gradient(y)};
        tape.kernels().workers().run((unit, worker) -> scanBack(unit / numHeads(), unit % numHeads(), d),
                runs.count() * numHeads());
    }

    private void scanBack(int run, int head, Tensor[] d) {
        Rows rows = Rows.begin();
        rows.backward(new Step(rows, run, head, d), runs.start(run), runs.end(run), keySize(), valueSize() + 1);
    }

    /// The vectors of one token of a head. The value has a 1 at its end, whose memory is the normalizer.
    private final class Step implements Rows.Recurrence {
        final Rows rows;
        final float[][] output;
        /// Those before each token of the run and after the last.
        final float[] stabilizers;
        private final int start;
        private final int head;
        private final Tensor[] d;
        private final float[][] query;
        private final float[][] key;
        private final float[][] value;
        /// `Cᵀq`, then `n·q`.
        private final float[] sum;
        private final float[] dsum;
        private final float[][] dquery;
        private final float[][] dkey;
        private final float[][] dvalue;

        /// @param d the gradients of the inputs and of the result, null for the forward pass
        Step(Rows rows, int run, int head, Tensor[] d) {
            this.rows = rows;
            this.head = head;
            this.d = d;
            start = runs.start(run);
            stabilizers = new float[runs.end(run) - start + 1];
            query = rows.take(1, keySize());
            key = rows.take(1, keySize());
            value = rows.take(1, valueSize() + 1);
            output = rows.take(1, valueSize());
            sum = rows.take(valueSize() + 1);
            dsum = rows.take(valueSize() + 1);
            dquery = rows.take(1, keySize());
            dkey = rows.take(1, keySize());
            dvalue = rows.take(1, valueSize() + 1);
        }

        private void load(int t) {
            Rows.load(query, q, t, 1, head * keySize(), keySize());
            Rows.scale(query[0], scale(), query[0], keySize());
            Rows.load(key, k, t, 1, head * keySize(), keySize());
            Rows.load(value, v, t, 1, head * valueSize(), valueSize());
            value[0][valueSize()] = 1;
        }

        private float scale() {
            return (float) (1 / Math.sqrt(keySize()));
        }

        private double logForget(int t) {
            double f = forget.get((long) t * numHeads() + head);
            return Math.min(f, 0) - Math.log1p(Math.exp(-Math.abs(f)));
        }

        @Override
        public void advance(int t, float[][] before, float[][] after) {
            load(t);
            int cols = valueSize() + 1;
            double kept = logForget(t) + stabilizers[t - start];
            double in = input.get((long) t * numHeads() + head);
            double next = Math.max(kept, in);
            float keep = (float) Math.exp(kept - next);
            float write = (float) Math.exp(in - next);
            stabilizers[t - start + 1] = (float) next;
            Arrays.fill(sum, 0, cols, 0);
            for (int p = 0; p < keySize(); p++) {
                Rows.scale(after[p], keep, before[p], cols);
                Rows.add(after[p], write * key[0][p], value[0], cols);
                Rows.add(sum, query[0][p], after[p], cols);
            }
            Rows.scale(output[0], 1 / divisor(next), sum, valueSize());
        }

        private float divisor(double m) {
            return (float) (Math.max(Math.abs(sum[valueSize()]), Math.exp(-m)) + eps);
        }

        /// Turns ds, the gradient of the state after a token, into that of the state before it. The result does not
        /// depend on the stabilizer, which therefore counts as a constant.
        @Override
        public void retreat(int t, float[][] before, float[][] after, float[][] ds) {
            int size = valueSize();
            int cols = size + 1;
            double kept = logForget(t) + stabilizers[t - start];
            double in = input.get((long) t * numHeads() + head);
            double next = Math.max(kept, in);
            float keep = (float) Math.exp(kept - next);
            float write = (float) Math.exp(in - next);
            load(t);
            Arrays.fill(sum, 0, cols, 0);
            for (int p = 0; p < keySize(); p++) {
                Rows.add(sum, query[0][p], after[p], cols);
            }
            float divisor = divisor(next);
            Rows.load(output, d[5], t, 1, head * size, size);
            Rows.scale(dsum, 1 / divisor, output[0], size);
            boolean normalizes = Math.abs(sum[size]) > Math.exp(-next);
            dsum[size] = normalizes ? -Math.signum(sum[size]) * Rows.dot(dsum, sum, size) / divisor : 0;
            float[] dv = dvalue[0];
            Arrays.fill(dv, 0, cols, 0);
            double dkeep = 0;
            double dwrite = 0;
            for (int p = 0; p < keySize(); p++) {
                dquery[0][p] = scale() * Rows.dot(after[p], dsum, cols);
                Rows.add(ds[p], query[0][p], dsum, cols);
                float along = Rows.dot(ds[p], value[0], cols);
                dkey[0][p] = write * along;
                dwrite += (double) key[0][p] * along;
                Rows.add(dv, write * key[0][p], ds[p], cols);
                dkeep += Rows.dot(ds[p], before[p], cols);
                Rows.scale(ds[p], keep, ds[p], cols);
            }
            Rows.accumulate(dquery, 1, d[0], t, 1, head * keySize(), keySize());
            Rows.accumulate(dkey, 1, d[1], t, 1, head * keySize(), keySize());
            Rows.accumulate(dvalue, 1, d[2], t, 1, head * size, size);
            long at = (long) t * numHeads() + head;
            d[3].set(at, (float) (d[3].get(at) + dwrite * write));
            double open = 1 / (1 + Math.exp(forget.get(at)));
            d[4].set(at, (float) (d[4].get(at) + dkeep * keep * open));
        }
    }
}
