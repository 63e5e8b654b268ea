package glia.model.cost;

import glia.model.spec.Attention;
import glia.model.spec.CrossAttention;
import glia.model.spec.Experts;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.Mlp;
import glia.model.spec.Parallel;
import glia.model.spec.RelativeAttention;
import glia.model.spec.ScaledGatedMlp;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.StateSpaceDual;
import glia.tensor.kernel.Span;

/// What one token asks of a mixer besides products with its matrices.
///
/// @param numExperts experts that the token goes through
/// @param mixing floating-point operations over the positions that it sees, or on the state of a recurrence; a
///     multiplication and an addition are two, exponentials and norms are not counted
record MixerCost(int numExperts, long mixing) {
    private static final MixerCost NONE = new MixerCost(0, 0);

    /// @param position of the token; where it sees later ones, the text ends with it
    static MixerCost of(Mixer mixer, int position) {
        return switch (mixer) {
            case Attention a -> attention(a.numHeads(), 2L * a.headSize(), a.span(), position);
            case RelativeAttention a -> attention(a.numHeads(), 2L * a.headSize(), a.span(), position);
            case CrossAttention a -> attention(a.numHeads(), 2L * a.headSize(), new Span.Causal(), position);
            case Experts e -> new MixerCost(e.numActive(), 0);
            case GatedMlp m -> NONE;
            case ScaledGatedMlp m -> NONE;
            case Mlp m -> NONE;
            case Parallel p -> NONE;
            case SelectiveStateSpace s -> scan(6, (long) s.innerSize() * s.stateSize());
            case StateSpaceDual s -> scan(5, (long) s.innerSize() * s.stateSize());
            case GatedDeltaNet g -> scan(7, (long) g.numValueHeads() * g.keySize() * g.valueSize());
        };
    }

    /// Each head multiplies its query with the keys in sight, and adds up their values.
    ///
    /// @param keyAndValueSize numbers of a key and a value of one head
    private static MixerCost attention(long numHeads, long keyAndValueSize, Span span, int position) {
        long seen = span.last(position, position + 1) - (long) span.first(position) + 1;
        return new MixerCost(0, 2 * numHeads * keyAndValueSize * seen);
    }

    /// @param steps operations on each number of the state, which decays, is written to and read
    private static MixerCost scan(long steps, long state) {
        return new MixerCost(0, steps * state);
    }
}
