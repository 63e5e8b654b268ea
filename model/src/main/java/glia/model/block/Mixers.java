package glia.model.block;

import glia.model.spec.Attention;
import glia.model.spec.AugmentedResidual;
import glia.model.spec.BlockSparseAttention;
import glia.model.spec.ChannelMix;
import glia.model.spec.CompressedAttention;
import glia.model.spec.CompressedExperts;
import glia.model.spec.CrossAttention;
import glia.model.spec.DifferentialAttention;
import glia.model.spec.ExpertAttention;
import glia.model.spec.DisentangledAttention;
import glia.model.spec.Experts;
import glia.model.spec.GatedConvolution;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.GatedMlp;
import glia.model.spec.HashedExperts;
import glia.model.spec.Injected;
import glia.model.spec.KimiDelta;
import glia.model.spec.LatentAttention;
import glia.model.spec.Lightning;
import glia.model.spec.LimitedMlp;
import glia.model.spec.MatrixMemory;
import glia.model.spec.Mixer;
import glia.model.spec.Mlp;
import glia.model.spec.NormedAttention;
import glia.model.spec.NormedExperts;
import glia.model.spec.Parallel;
import glia.model.spec.PerLayerEmbedding;
import glia.model.spec.Place;
import glia.model.spec.RealGatedRecurrence;
import glia.model.spec.RecurrentNetwork;
import glia.model.spec.RelativeAttention;
import glia.model.spec.ScaledGatedMlp;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.SharedKvAttention;
import glia.model.spec.SharedLatentAttention;
import glia.model.spec.SharedTransformer;
import glia.model.spec.SparseGatedMlp;
import glia.model.spec.StateSpaceDual;
import glia.model.spec.StridedAttention;
import glia.model.spec.SubNorm;
import glia.model.spec.TimeMix;
import glia.model.spec.XieluMlp;
import java.util.Set;

/// Builds the block of each kind of mixer.
///
/// @param ropes RoPE tables, shared by all layers
/// @param followed the sublayers whose keys and values later ones share
record Mixers(Weights weights, RopeTables ropes, Set<Integer> followed) {
    /// The block of the mixer at a place.
    Block of(Mixer mixer, Place place) {
        return switch (mixer) {
            case Attention a -> new AttentionBlock(a, weights, place, ropes);
            case CompressedAttention a -> new CompressedAttentionBlock(a, weights, place, ropes);
            case HashedExperts e -> ExpertsBlock.of(e, weights, place);
            case ChannelMix m -> MixBlocks.of(m, weights, place);
            case CompressedExperts e -> ExpertsBlock.of(e, weights, place);
            case SharedLatentAttention a -> new SharedLatentAttentionBlock(a, weights, place, ropes,
                    followed.contains(place.sublayer()));
            case SharedKvAttention a -> new SharedKvAttentionBlock(a, weights, place, ropes);
            case PerLayerEmbedding i -> new PerLayerEmbeddingBlock(i, weights, place);
            case CrossAttention a -> new CrossAttentionBlock(a, weights, place);
            case DifferentialAttention a -> new DifferentialAttentionBlock(a, weights, place, ropes);
            case ExpertAttention a -> new ExpertAttentionBlock(a, weights, place, ropes);
            case DisentangledAttention a -> new DisentangledAttentionBlock(a, weights, place);
            case Experts e -> new ExpertsBlock(e, weights, place);
            case GatedConvolution c -> GatedConvolutionBlock.of(c, weights, place);
            case GatedDeltaNet d -> new GatedDeltaBlock(d, weights, place);
            case GatedMlp m -> MlpBlock.of(m, weights, place);
            case Injected i -> InjectedBlock.of(i, this, place);
            case KimiDelta d -> new KimiDeltaBlock(d, weights, place);
            case LatentAttention a -> new LatentAttentionBlock(a, weights, place, ropes);
            case Lightning l -> new LightningBlock(l, weights, place);
            case MatrixMemory m -> new MatrixMemoryBlock(m, weights, place);
            case Mlp m -> MlpBlock.of(m, weights, place);
            case RealGatedRecurrence r -> new RealGatedRecurrenceBlock(r, weights, place);
            case RecurrentNetwork n -> new RecurrentBlock(n, weights, place);
            case RelativeAttention a -> new RelativeAttentionBlock(a, weights, place);
            case BlockSparseAttention a -> BlockSparseAttentionBlock.of(a, weights, place, ropes);
            case LimitedMlp m -> MlpBlock.of(m, weights, place);
            case AugmentedResidual r -> new AugmentedResidualBlock(r, weights, place);
            case SparseGatedMlp m -> MlpBlock.of(m, weights, place);
            case NormedAttention a -> new NormedAttentionBlock(a, weights, place, ropes,
                    followed.contains(place.sublayer()));
            case NormedExperts e -> new NormedExpertsBlock(e, weights, place);
            case Parallel p -> new ParallelBlock(p, this, place);
            case ScaledGatedMlp m -> MlpBlock.of(m, weights, place);
            case SelectiveStateSpace s -> new SelectiveStateSpaceBlock(s, weights, place);
            case SharedTransformer t -> new SharedTransformerBlock(t, weights, place, ropes);
            case StateSpaceDual s -> new StateSpaceDualBlock(s, weights, place);
            case TimeMix m -> MixBlocks.of(m, weights, place);
            case StridedAttention a -> new AttentionBlock(a, weights, place, ropes);
            case SubNorm s -> s.mixer() instanceof Attention a
                    ? new AttentionBlock(a, weights, place, ropes, s.norm())
                    : MlpBlock.of((GatedMlp) s.mixer(), s.norm(), weights, place);
            case XieluMlp m -> MlpBlock.of(m, weights, place);
        };
    }
}
