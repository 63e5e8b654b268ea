package glia.tensor.ops.scan;

import glia.tensor.Tensor;
import glia.tensor.kernel.DecayForm;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.StepLimits;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.PerHeadLinear.HeadWeights;

/// The scan of Mamba 2, in which all P channels of a head have the same decay. With `Δ = clamp(ln(1 + e^(steps +
/// stepBias)))` and A from `decay`, for each head and the B and C of its group:
///
/// > `h[t,s,p] = e^(Δ[t] A) h[t-1,s,p] + Δ[t] B[t,s] x[t,p]`
/// > `y[t,p] = Σ_s C[t,s] h[t,s,p] + D x[t,p]`
///
/// Runs are split into chunks. Within a chunk, outputs are matrix products of a causal, decaying C·B and the inputs;
/// only the state passes from chunk to chunk. https://arxiv.org/abs/2405.21060
///
/// @param x `[N, H·P]`
/// @param steps `[N, H]`, before bias and softplus
/// @param b `[N, G·S]`; head h uses group `⌊h·G/H⌋`
/// @param c `[N, G·S]`
/// @param weights the weights of the heads
/// @param numGroups G
/// @param limits the limits to which Δ is clamped
/// @param state h, `[H, S, P]` for each sequence
public record StateSpaceScan(Tensor x, Tensor steps, Tensor b, Tensor c, HeadWeights weights, int numGroups,
        StepLimits limits, RecurrentState state, Runs runs) implements Operation.Rounded {
    /// One value for each head.
    ///
    /// @param decay A in the form `form`
    public record HeadWeights(Weight stepBias, Weight decay, DecayForm form, Weight skip) { }

    public StateSpaceScan {
        int heads = steps.cols();
        Compute.require(x.rows() == runs.numTokens() && steps.rows() == x.rows() && heads > 0
                && x.cols() % heads == 0, "state space scan", x, steps);
        Compute.require(numGroups > 0 && heads % numGroups == 0 && b.cols() % numGroups == 0 && b.rows() == x.rows()
                && c.rows() == b.rows() && c.cols() == b.cols(), "state space scan", b, c);
        Compute.require(Compute.stored(weights.stepBias).size() == heads
                && Compute.stored(weights.decay).size() == heads && Compute.stored(weights.skip).size() == heads,
                "state space scan", steps, weights);
    }

    /// The number of values in the state of a sequence.
    public static int stateSize(int numHeads, int headSize, int stateSize) {
        return Math.multiplyExact(Math.multiplyExact(numHeads, headSize), stateSize);
    }

    int numHeads() {
        return steps.cols();
    }

    int headSize() {
        return x.cols() / steps.cols();
    }

    int stateSize() {
        return b.cols() / numGroups;
    }

    /// Work on independent heads.
    interface Body {
        void run(int head);
    }

    static final class Heads extends RangeTask {
        private final Body body;

        Heads(Workers workers, Body body, int numHeads, long cost) {
            super(workers);
            this.body = body;
            distribute(numHeads, cost);
        }

        @Override
        protected void range(int from, int to, int worker) {
            for (int head = from; head < to; head++) {
                body.run(head);
            }
        }
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        StateSpaceHead.Numbers numbers = new StateSpaceHead.Numbers(weights);
        Workers workers = ops.kernels().workers();
        StateAddresses addresses = new StateAddresses(state, runs);
        new Heads(workers, head -> {
            StateSpaceHead scan = StateSpaceHead.of(this, numbers, head);
            long index = (long) head * headSize() * stateSize();
            for (int run = 0; run < runs.count(); run++) {
                scan.load(addresses.before(run, index));
                if (ops.kernels().isBatchInvariant() || runs.end(run) - runs.start(run) == 1) {
                    for (int t = runs.start(run); t < runs.end(run); t++) {
                        scan.token(t, y);
                    }
                } else {
                    chunks(scan, runs.start(run), runs.end(run), y);
                }
                scan.store(addresses.after(run, index));
            }
        }, numHeads(), 4L * x.rows() * headSize() * stateSize());
        return y;
    }

    private static void chunks(StateSpaceHead scan, int from, int to, Tensor y) {
        for (int t = from; t < to; t += StateSpaceHead.CHUNK) {
            scan.chunk(t, Math.min(StateSpaceHead.CHUNK, to - t));
            scan.outputs(y);
            scan.advance();
        }
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x, steps, b, c);
        inputs.weights(weights.stepBias, weights.decay, weights.skip);
    }

    @Override
    public Operation owned() {
        return new StateSpaceScan(x, steps, b, c, weights, numGroups, limits, state, runs.frozen());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        ChannelBlocks.requireNone(state);
        new StateSpaceBackward(this, tape, y).run();
    }
}
