package glia.tensor.ops.scan;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import java.lang.foreign.MemorySegment;

/// Each token's row becomes that of the token before it in its sequence: `y[t] = x[t - 1]`, 0 at the start
/// (https://arxiv.org/abs/2305.13048, token shift).
///
/// The state of a sequence is its last row, `[D]`.
///
/// @param x `[N, D]`
public record PreviousToken(Tensor x, RecurrentState state, Runs runs)
        implements UnaryOperation, Operation.ReadsNothing {
    public PreviousToken {
        Compute.require(x.rows() == runs.numTokens(), "previous token", x, runs.numTokens());
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        StateAddresses states = new StateAddresses(state, runs);
        long bytes = x.rowBytes();
        for (int run = 0; run < runs.count(); run++) {
            int start = runs.start(run);
            int end = runs.end(run);
            long before = states.before(run, 0);
            long after = states.after(run, 0);
            if (start < end && before == 0) {
                y.rows(start, start + 1).zero();
            } else if (start < end) {
                MemorySegment.copy(Memory.ALL, before, Memory.ALL, y.address() + start * bytes, bytes);
            }
            if (end - start > 1) {
                MemorySegment.copy(Memory.ALL, x.address() + start * bytes, Memory.ALL,
                        y.address() + (start + 1) * bytes, (end - start - 1) * bytes);
            }
            if (after != 0 && start < end) {
                MemorySegment.copy(Memory.ALL, x.address() + (end - 1) * bytes, Memory.ALL, after, bytes);
            } else if (after != 0 && before != 0 && after != before) {
                MemorySegment.copy(Memory.ALL, before, Memory.ALL, after, bytes);
            } else if (after != 0 && before == 0) {
                Memory.ALL.asSlice(after, bytes).fill((byte) 0);
            }
        }
        return y;
    }

    @Override
    public Operation owned() {
        return new PreviousToken(x, state, runs.frozen());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        ChannelBlocks.requireNone(state);
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        float[] row = new float[x.cols()];
        for (int run = 0; run < runs.count(); run++) {
            for (int t = runs.start(run) + 1; t < runs.end(run); t++) {
                ChannelBlocks.load(dy, t, 0, row, row.length);
                ChannelBlocks.add(row, dx, t - 1, 0, row.length);
            }
        }
    }
}
