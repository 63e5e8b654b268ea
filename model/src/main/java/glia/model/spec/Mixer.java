package glia.model.spec;

import java.util.List;

/// The part of a sublayer that mixes: numbers of a token, or tokens of a sequence. Each kind is a record in a file of
/// its own that says all about the kind but how it computes, which is its block.
public sealed interface Mixer permits
        Attention,
        CompressedExperts,
        CrossAttention,
        Experts,
        GatedDeltaNet,
        GatedMlp,
        LatentAttention,
        Lightning,
        Mlp,
        NormedAttention,
        NormedExperts,
        Parallel,
        PerLayerEmbedding,
        RecurrentNetwork,
        RelativeAttention,
        ScaledGatedMlp,
        SelectiveStateSpace,
        SharedKvAttention,
        StateSpaceDual,
        StridedAttention {
    /// Names its parameters with their shapes, in the order in which a pass uses them.
    ///
    /// @param hidden D, the numbers of a token
    void parameters(Shapes shapes, int hidden);

    /// What a sequence remembers of it; blocks refer to these by their index.
    List<CacheKind> caches();

    /// In the words of its paper, with its sizes.
    String describe();
}
