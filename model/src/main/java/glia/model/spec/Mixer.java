package glia.model.spec;

import java.util.List;

/// The computation of a sublayer: attention or a recurrence over the tokens of a sequence, or an MLP on each token.
/// Each kind is a record with its sizes; the block of the same name computes it.
public sealed interface Mixer permits
        Attention,
        AugmentedResidual,
        BlockSparseAttention,
        ChannelMix,
        CompressedAttention,
        CompressedExperts,
        CrossAttention,
        DifferentialAttention,
        ExpertAttention,
        DisentangledAttention,
        Experts,
        GatedConvolution,
        GatedDeltaNet,
        GatedMlp,
        HashedExperts,
        Injected,
        KimiDelta,
        LatentAttention,
        Lightning,
        LimitedMlp,
        MatrixMemory,
        Mlp,
        NormedAttention,
        NormedExperts,
        Parallel,
        PerLayerEmbedding,
        RealGatedRecurrence,
        RecurrentNetwork,
        RelativeAttention,
        ScaledGatedMlp,
        SelectiveStateSpace,
        SharedKvAttention,
        SharedLatentAttention,
        SharedTransformer,
        SparseGatedMlp,
        StateSpaceDual,
        StridedAttention,
        SubNorm,
        TimeMix,
        XieluMlp {
    /// Adds the parameters with their shapes, in the order in which a pass uses them.
    ///
    /// @param hidden D, the hidden size
    void parameters(Shapes shapes, int hidden);

    /// The caches of each sequence; blocks refer to them by index.
    List<CacheKind> caches();

    /// A short description in the terms of the paper, with sizes.
    String describe();
}
