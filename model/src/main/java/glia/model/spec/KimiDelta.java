package glia.model.spec;

import glia.tensor.kernel.DecayForm;
import java.util.List;

/// Kimi delta attention (https://arxiv.org/abs/2510.26692), a linear recurrence in place of attention: Gated DeltaNet
/// with a decay for each channel of the keys (`ChannelDelta`). Queries, keys and values each pass a causal convolution
/// and SiLU; queries and keys are L2-normalized. The heads' output is normalized and multiplied by the sigmoid of a
/// gate.
///
/// @param headSize size of a head of queries, keys and values
/// @param eps epsilon of the output norm
/// @param gates the projections to the decays and to the output gate
/// @param decay the function from projections to decays
public record KimiDelta(int numHeads, int headSize, Convolution convolution, float eps, Gates gates, Decay decay)
        implements Mixer {
    /// The projections to the decays and to the output gate.
    public enum Gates {
        /// One matrix each.
        FULL,
        /// Two matrices each, of the rank of a head.
        LOW_RANK
    }

    /// The logarithm of the decay, of a projection f of the input, an offset b, and a rate `e^a` of the head.
    public sealed interface Decay {
        /// How the rates `-e^a` are stored.
        DecayForm form();

        /// A copy whose rates are stored otherwise.
        Decay with(DecayForm other);

        /// `-e^a · softplus(f + b)`
        record Free(DecayForm form) implements Decay {
            @Override
            public Decay with(DecayForm other) {
                return new Free(other);
            }
        }

        /// `lowest · σ(e^a · (f + b))`
        record Bounded(float lowest, DecayForm form) implements Decay {
            public Bounded {
                NumberRange.LOG_DECAY.require("lowest logarithm of a decay", lowest);
            }

            @Override
            public Decay with(DecayForm other) {
                return new Bounded(lowest, other);
            }
        }
    }

    public KimiDelta {
        if (numHeads < 1 || headSize < 1) {
            throw new IllegalArgumentException("Kimi delta attention with " + numHeads + " heads of " + headSize);
        }
        NumberRange.EPSILON.require("epsilon of the head norm", eps);
        Math.multiplyExact(Math.multiplyExact(numHeads, headSize), headSize);
    }

    /// The width of all heads together.
    public int size() {
        return numHeads * headSize;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        convolution.apart(shapes, hidden, size(), size());
        boolean low = gates == Gates.LOW_RANK;
        if (low) {
            shapes.add(Role.STEPS_LATENT, headSize, hidden);
        }
        shapes.add(Role.STEPS, size(), low ? headSize : hidden);
        shapes.add(Role.STEPS_OFFSET, size());
        shapes.add(Role.DECAY, numHeads);
        shapes.add(Role.BETA, numHeads, hidden);
        if (low) {
            shapes.add(Role.GATE_LATENT, headSize, hidden);
        }
        shapes.add(Role.GATE, size(), low ? headSize : hidden);
        shapes.add(Role.GATED_NORM, headSize);
        shapes.add(Role.OUTPUT, hidden, size());
    }

    /// A copy whose decay rates are stored otherwise.
    public KimiDelta with(DecayForm other) {
        return new KimiDelta(numHeads, headSize, convolution, eps, gates, decay.with(other));
    }

    /// The last inputs of the convolutions of queries, keys and values, then the state matrices.
    @Override
    public List<CacheKind> caches() {
        CacheKind inputs = convolution.cache(size());
        return List.of(inputs, inputs, inputs, new CacheKind.Recurrence(numHeads * headSize * headSize));
    }

    @Override
    public String describe() {
        return "Kimi delta attention, " + numHeads + " heads, state " + headSize + "×" + headSize
                + ", convolution of " + convolution.size()
                + (decay instanceof Decay.Bounded b ? ", log decays of at least " + b.lowest() : "");
    }
}
