package glia.tensor.ops.scan;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.DecayForm;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;

/// The selective scan of Mamba, with a state of S values for each of I channels. With `Δ = ln(1 + e^steps)` and A from
/// `decay`:
///
/// > `h[t,s,i] = e^(Δ[t,i] A[i,s]) h[t-1,s,i] + Δ[t,i] B[t,s] x[t,i]`
/// > `y[t,i] = Σ_s C[t,s] h[t,s,i] + D[i] x[t,i]`
///
/// Channels are independent; they are processed in parallel and in vectors. https://arxiv.org/abs/2312.00752
///
/// @param x `[N, I]`
/// @param steps `[N, I]`, before the softplus
/// @param b `[N, S]`
/// @param c `[N, S]`
/// @param decay `[I, S]`, in the form `form`
/// @param skip D, `[I]`
/// @param state h, `[S, I]` for each sequence
public record SelectiveScan(Tensor x, Tensor steps, Tensor b, Tensor c, Weight decay, DecayForm form,
        Weight skip, RecurrentState state, Runs runs) implements Operation.Rounded {
    public SelectiveScan {
        Compute.require(x.rows() == runs.numTokens() && steps.rows() == x.rows() && steps.cols() == x.cols(),
                "selective scan", x, steps);
        Compute.require(b.rows() == x.rows() && c.rows() == x.rows() && c.cols() == b.cols(), "selective scan", b, c);
        Compute.require(decay.rows() == x.cols() && decay.cols() == b.cols(), "selective scan", x,
                Compute.stored(decay));
        Compute.require(Compute.stored(skip).size() == x.cols(), "selective scan", x, Compute.stored(skip));
    }

    /// The number of values in the state of a sequence.
    public static int stateSize(int numChannels, int stateSize) {
        return Math.multiplyExact(numChannels, stateSize);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        float[] decays = ChannelBlocks.numbers(decay);
        float[] skips = ChannelBlocks.numbers(skip);
        StateAddresses addresses = new StateAddresses(state, runs);
        ChannelBlocks.run(ops.kernels().workers(), x.cols(), 8L * x.rows() * b.cols(), (from, count) -> {
            SelectiveScanBlock block = new SelectiveScanBlock(this, decays, skips, from, count);
            for (int run = 0; run < runs.count(); run++) {
                exchange(addresses.before(run, from), block.h, count, false);
                for (int t = runs.start(run); t < runs.end(run); t++) {
                    block.step(t);
                    ChannelBlocks.store(block.y, y, t, from, count);
                }
                exchange(addresses.after(run, from), block.h, count, true);
            }
        });
        return y;
    }

    /// Reads h from a sequence's state, or writes it there. Address 0 reads zeros and discards writes.
    private void exchange(long address, float[][] h, int count, boolean write) {
        for (int s = 0; s < h.length; s++) {
            long at = address + 4L * s * x.cols();
            if (address == 0) {
                java.util.Arrays.fill(h[s], 0, count, 0);
            } else if (write) {
                MemorySegment.copy(h[s], 0, Memory.ALL, Memory.F32, at, count);
            } else {
                MemorySegment.copy(Memory.ALL, Memory.F32, at, h[s], 0, count);
            }
        }
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x, steps, b, c);
        inputs.weights(decay, skip);
    }

    @Override
    public Operation owned() {
        return new SelectiveScan(x, steps, b, c, decay, form, skip, state, runs.frozen());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        ChannelBlocks.requireNone(state);
        new SelectiveScanBackward(this, tape, y).run();
    }
}
