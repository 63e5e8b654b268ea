package glia.model.spec;

import glia.tensor.kernel.DecayForm;
import java.util.List;

/// The mixer of Mamba: `out(scan(u) · silu(z))` with `[u|z] = in(x)`, u convolved, and time steps, B and C of the scan
/// computed from u. https://arxiv.org/abs/2312.00752
///
/// @param innerSize I, the channels of the scan
/// @param stateSize S, the state size of a channel
/// @param stepRank R, the rank of the time-step projection
/// @param innerNorm norm of the low-rank time steps, B and C, as in Jamba
/// @param decay how decay rates are stored
/// @param bias of the projections in and out
public record SelectiveStateSpace(int innerSize, int stateSize, int stepRank, Convolution convolution, Norm innerNorm,
        DecayForm decay, Bias bias) implements Mixer {
    public SelectiveStateSpace {
        if (innerSize < 1 || stateSize < 1 || stepRank < 1) {
            throw new IllegalArgumentException("a selective state space of " + innerSize + " channels with states of "
                    + stateSize + " and time steps of rank " + stepRank);
        }
    }

    /// A copy with another storage of decay rates.
    public SelectiveStateSpace with(DecayForm other) {
        return new SelectiveStateSpace(innerSize, stateSize, stepRank, convolution, innerNorm, other, bias);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        boolean biased = bias != Bias.NONE;
        shapes.linear(Role.INPUT, Role.INPUT_BIAS, biased, innerSize, hidden);
        shapes.linear(Role.GATE, Role.GATE_BIAS, biased, innerSize, hidden);
        convolution.parameters(shapes, innerSize);
        shapes.add(Role.SELECTION, stepRank + 2L * stateSize, innerSize);
        shapes.norm(innerNorm, Role.STEPS_NORM, Role.STEPS_NORM, stepRank);
        shapes.norm(innerNorm, Role.WRITE_NORM, Role.WRITE_NORM, stateSize);
        shapes.norm(innerNorm, Role.READ_NORM, Role.READ_NORM, stateSize);
        shapes.linear(Role.STEPS, Role.STEPS_BIAS, true, innerSize, stepRank);
        shapes.add(Role.DECAY, innerSize, stateSize);
        shapes.add(Role.SKIP, innerSize);
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, biased, hidden, innerSize);
    }

    /// The scan's state, then the convolution's last inputs.
    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.Recurrence(Math.multiplyExact(innerSize, stateSize)),
                convolution.cache(innerSize));
    }

    @Override
    public String describe() {
        return "Mamba, " + innerSize + " channels, state " + stateSize + " each, convolution of " + convolution.size()
                + ", time steps of rank " + stepRank + (innerNorm instanceof Norm.None ? "" : ", inner norms");
    }
}
