package glia.tensor.ops.scan;

import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.scan.LinearChunk.LinearChunkBackward;

/// Lightning attention (https://arxiv.org/abs/2401.04658): linear attention with a fixed decay for each head, `S ←
/// e^-slope·S + k ⊗ v`, `o = Sᵀq`, by chunks (`LinearChunk`).
///
/// The state of a sequence is `[H, E, E]`.
///
/// @param q `[N, H·E]`; so are k and v
/// @param slopes of the H heads, not negative
public record LightningScan(Tensor q, Tensor k, Tensor v, float[] slopes, RecurrentState state, Runs runs)
        implements Operation {
    public LightningScan {
        Compute.require(slopes.length > 0 && q.cols() % slopes.length == 0 && q.rows() == runs.numTokens(),
                "lightning attention", q, slopes.length);
        Compute.require(k.rows() == q.rows() && k.cols() == q.cols() && v.rows() == q.rows() && v.cols() == q.cols(),
                "lightning attention", k, v);
    }

    private int headSize() {
        return q.cols() / slopes.length;
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(q.rows(), q.cols());
        StateAddresses states = new StateAddresses(state, runs);
        int tokens = LinearChunk.tokens(ops.kernels());
        states.eachHead(ops.kernels().workers(), slopes.length, (run, head) -> scan(run, head, y, states, tokens));
        return y;
    }

    private void scan(int run, int head, Tensor y, StateAddresses states, int tokens) {
        int size = headSize();
        Rows rows = Rows.begin();
        Part part = new Part(rows, run, head, tokens);
        float[][] s = rows.take(size, size);
        long first = (long) head * size * size;
        Rows.load(s, states.before(run, first), size, size);
        for (int at = runs.start(run); at < runs.end(run); at += tokens) {
            part.load(at);
            part.chunk.attend(s);
            Rows.store(part.chunk.outputs, y, at, part.chunk.count, head * size, size);
            part.chunk.advance(s);
        }
        Rows.store(s, states.after(run, first), size, size);
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(q, k, v);
    }

    @Override
    public Operation owned() {
        return new LightningScan(q, k, v, slopes.clone(), state, runs.frozen());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Compute.require(state == RecurrentState.NONE, "gradient of lightning attention", y,
                "a state: gradients need full sequences");
        Tensor[] d = {tape.gradient(q), tape.gradient(k), tape.gradient(v), tape.gradient(y)};
        tape.kernels().workers().run((unit, worker) -> scanBack(unit / slopes.length, unit % slopes.length, d),
                runs.count() * slopes.length);
    }

    private void scanBack(int run, int head, Tensor[] d) {
        int size = headSize();
        int start = runs.start(run);
        int tokens = runs.end(run) - start;
        int numChunks = (tokens + LinearChunk.TOKENS - 1) / LinearChunk.TOKENS;
        Rows rows = Rows.begin();
        Part part = new Part(rows, run, head, LinearChunk.TOKENS);
        LinearChunkBackward back = new LinearChunkBackward(rows, part.chunk, Math.min(tokens, LinearChunk.TOKENS));
        float[][] dstate = rows.take(size, size);
        Rows.zero(dstate, size, size);
        float[][][] states = new float[numChunks][size][size];
        for (int c = 0; c < numChunks - 1; c++) {
            part.load(start + c * LinearChunk.TOKENS);
            for (int p = 0; p < size; p++) {
                System.arraycopy(states[c][p], 0, states[c + 1][p], 0, size);
            }
            part.chunk.advance(states[c + 1]);
        }
        for (int c = numChunks - 1; c >= 0; c--) {
            int at = start + c * LinearChunk.TOKENS;
            part.load(at);
            part.chunk.attend(states[c]);
            int count = part.chunk.count;
            Rows.load(back.outputs, d[3], at, count, head * size, size);
            back.run(states[c], dstate);
            back.retreat(dstate);
            Rows.accumulate(back.queries, 1, d[0], at, count, head * size, size);
            Rows.accumulate(back.keys, 1, d[1], at, count, head * size, size);
            Rows.accumulate(back.updates, 1, d[2], at, count, head * size, size);
        }
    }

    /// The chunks of one head of one run.
    private final class Part {
        final LinearChunk chunk;
        private final float[] factors;
        private final int run;
        private final int head;
        private final int tokens;

        Part(Rows rows, int run, int head, int tokens) {
            this.run = run;
            this.head = head;
            this.tokens = tokens;
            int most = Math.min(tokens, runs.end(run) - runs.start(run));
            chunk = new LinearChunk(rows, most, headSize(), headSize());
            factors = rows.take(most);
            java.util.Arrays.fill(factors, 0, most, (float) Math.exp(-slopes[head]));
        }

        void load(int at) {
            int count = Math.min(tokens, runs.end(run) - at);
            chunk.load(q, k, head * headSize(), v, head * headSize(), at, count, 1);
            chunk.decay(factors);
        }
    }
}
