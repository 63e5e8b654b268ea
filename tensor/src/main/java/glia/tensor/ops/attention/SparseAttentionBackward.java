package glia.tensor.ops.attention;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Tape;

/// The gradient of sparse attention over full sequences. For each position p of a token's list: `w = exp(scale · q·k_p
/// - lse)`, `dv_p += w · do`, `ds = w · (do·v_p - do·o)`, `dq += scale · ds · k_p`, `dk_p += scale · ds · q`.
final class SparseAttentionBackward {
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

    /// Adds to the gradients of q, k and v. A chunk is one key-value head of one run, so no two threads write to the
    /// same memory.
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
            double w = Math.exp(shape.scale() * Vectors.dot(in.q.address() + atQ, in.k.address() + atK, keySize) - lse);
            Vectors.addScaled(dv + atV, dout + atO, (float) w, valueSize);
            double ds = w * (Vectors.dot(dout + atO, in.v.address() + atV, valueSize) - along) * shape.scale();
            Vectors.addScaled(dq + atQ, in.k.address() + atK, (float) ds, keySize);
            Vectors.addScaled(dk + atK, in.q.address() + atQ, (float) ds, keySize);
        }
    }
}
