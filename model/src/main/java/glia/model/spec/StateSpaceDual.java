package glia.model.spec;

import glia.tensor.kernel.DecayForm;
import glia.tensor.kernel.StepLimits;
import java.util.List;

/// The mixer of Mamba 2: `out(norm(scan(u, B, C), z))` with `[z|u|B|C|Δ] = in(x)`, and u, B and C convolved.
/// https://arxiv.org/abs/2405.21060
///
/// @param numHeads H, each with a decay of its own
/// @param headSize P
/// @param stateSize S, the state size of a channel
/// @param numGroups G, the number of B and C pairs, shared by heads
/// @param limits range to which the time steps Δ are clamped
/// @param gating order of the gate z and the norm, which is computed per group
/// @param multipliers fixed factors of the input projection's parts
/// @param decay how decay rates are stored
public record StateSpaceDual(int numHeads, int headSize, int stateSize, int numGroups, Convolution convolution,
        StepLimits limits, Gating gating, Multipliers multipliers, DecayForm decay, Bias inputBias, Bias outputBias)
        implements Mixer {
    /// The gate and the norm of the scan's output y.
    public sealed interface Gating {
        /// `norm(y · silu(z))`
        record GateThenNorm(float eps) implements Gating {
            public GateThenNorm {
                NumberRange.EPSILON.require("epsilon of the gated norm", eps);
            }
        }

        /// `norm(y) · silu(z)`
        record NormThenGate(float eps) implements Gating {
            public NormThenGate {
                NumberRange.EPSILON.require("epsilon of the gated norm", eps);
            }
        }

        /// `y · silu(z)`
        record GateOnly() implements Gating { }
    }

    /// Factors of the parts of the input projection, from µP (https://arxiv.org/abs/2203.03466).
    public record Multipliers(float z, float u, float b, float c, float steps) {
        /// All 1.
        public static final Multipliers NONE = new Multipliers(1, 1, 1, 1, 1);

        public Multipliers {
            for (float factor : new float[] {z, u, b, c, steps}) {
                NumberRange.FACTOR.require("multiplier of the projection", factor);
            }
        }
    }

    public StateSpaceDual {
        if (numHeads < 1 || headSize < 1 || stateSize < 1 || numGroups < 1 || numHeads % numGroups != 0) {
            throw new IllegalArgumentException("a state space of " + numHeads + " heads of " + headSize + " with "
                    + numGroups + " groups of states of " + stateSize);
        }
        NumberRange.WEIGHT.require("least time step", limits.min());
    }

    /// A copy with another storage of decay rates.
    public StateSpaceDual with(DecayForm other) {
        return new StateSpaceDual(numHeads, headSize, stateSize, numGroups, convolution, limits, gating, multipliers,
                other, inputBias, outputBias);
    }

    /// I, the channels of all heads.
    public int innerSize() {
        return Math.multiplyExact(numHeads, headSize);
    }

    /// The channels of the convolution: u, B and C.
    public int convolvedSize() {
        return Math.addExact(innerSize(), Math.multiplyExact(2 * numGroups, stateSize));
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        boolean biased = inputBias != Bias.NONE;
        shapes.linear(Role.GATE, Role.GATE_BIAS, biased, innerSize(), hidden);
        shapes.linear(Role.INPUT, Role.INPUT_BIAS, biased, convolvedSize(), hidden);
        shapes.linear(Role.STEPS, Role.STEPS_BIAS, biased, numHeads, hidden);
        convolution.parameters(shapes, convolvedSize());
        shapes.add(Role.STEPS_OFFSET, numHeads);
        shapes.add(Role.DECAY, numHeads);
        shapes.add(Role.SKIP, numHeads);
        if (!(gating instanceof Gating.GateOnly)) {
            shapes.add(Role.GATED_NORM, innerSize());
        }
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, outputBias != Bias.NONE, hidden, innerSize());
    }

    /// The scan's state, then the convolution's last inputs.
    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.Recurrence(Math.multiplyExact(innerSize(), stateSize)),
                convolution.cache(convolvedSize()));
    }

    @Override
    public String describe() {
        return "Mamba 2, " + numHeads + " heads of " + headSize + ", state " + stateSize + " a channel"
                + (numGroups == 1 ? "" : ", " + numGroups + " groups") + ", convolution of " + convolution.size()
                + switch (gating) {
                    case Gating.GateThenNorm g -> ", gated, then normed";
                    case Gating.NormThenGate g -> ", normed, then gated";
                    case Gating.GateOnly g -> ", gated";
                };
    }
}
