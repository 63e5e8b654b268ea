package glia.model.cost;

import glia.model.spec.Attention;
import glia.model.spec.BiasedAttention;
import glia.model.spec.BlockSparseAttention;
import glia.model.spec.BytePatches;
import glia.model.spec.ChannelMix;
import glia.model.spec.CompressedAttention;
import glia.model.spec.CompressedExperts;
import glia.model.spec.Conformer;
import glia.model.spec.CrossAttention;
import glia.model.spec.DifferentialAttention;
import glia.model.spec.Diffusion;
import glia.model.spec.DisentangledAttention;
import glia.model.spec.ExpertAttention;
import glia.model.spec.Experts;
import glia.model.spec.GatedConvolution;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.IndexedAttention;
import glia.model.spec.Injected;
import glia.model.spec.KeyChoice;
import glia.model.spec.KimiDelta;
import glia.model.spec.LatentAttention;
import glia.model.spec.Lightning;
import glia.model.spec.MatrixMemory;
import glia.model.spec.Mixer.AugmentedResidual;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer.HashedExperts;
import glia.model.spec.Mixer.LimitedMlp;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer.NormedExperts;
import glia.model.spec.Mixer.ScaledGatedMlp;
import glia.model.spec.Mixer.SparseGatedMlp;
import glia.model.spec.Mixer.SubNorm;
import glia.model.spec.Mixer.WindowedAttention;
import glia.model.spec.Mixer.XieluMlp;
import glia.model.spec.Mixer;
import glia.model.spec.NgramEmbedding;
import glia.model.spec.NormedAttention;
import glia.model.spec.Parallel;
import glia.model.spec.PerLayerEmbedding;
import glia.model.spec.RealGatedRecurrence;
import glia.model.spec.RecurrentNetwork;
import glia.model.spec.RelativeAttention;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.SharedKvAttention;
import glia.model.spec.SharedLatentAttention;
import glia.model.spec.SharedTransformer;
import glia.model.spec.StateSpaceDual;
import glia.model.spec.StridedAttention;
import glia.model.spec.TimeMix;
import glia.tensor.kernel.Span;

/// The cost of one token in a mixer, besides matrix multiplications.
///
/// @param numExperts active experts per token
/// @param mixing FLOPs of attention over the visible positions, or of the recurrence; a multiply-add counts two,
///     exponentials and norms none
record MixerCost(int numExperts, long mixing) {
    private static final MixerCost NONE = new MixerCost(0, 0);

    /// @param position the token's position; with bidirectional attention the last one of the text
    /// @param chosen the number of keys that the last indexer selects
    static MixerCost of(Mixer mixer, int position, int chosen) {
        return switch (mixer) {
            case Attention a -> attention(a.numHeads(), (long) a.headSize() + a.valueSize(), a.span(), position);
            case NormedAttention a -> attention(a.numHeads(), 2L * a.headSize(), a.span(), position);
            case Diffusion.CanvasAttention a -> attention(a.attention().numHeads(), 2L * a.attention().headSize(),
                    a.attention().span(), position);
            case Diffusion.SelfConditioning s -> NONE;
            case SharedKvAttention a -> attention(a.numHeads(), 2L * a.headSize(), a.span(), position);
            case WindowedAttention w -> attention(w.attention().numHeads(), 2L * w.attention().headSize(),
                    (long) w.side() * w.side());
            case StridedAttention s -> attention(s.attention().numHeads(), 2L * s.attention().headSize(),
                    s.count(position));
            case RelativeAttention a -> attention(a.numHeads(), 2L * a.headSize(), a.span(), position);
            case CrossAttention a -> attention(a.numHeads(), 2L * a.headSize(), new Span.Causal(), position);
            case LatentAttention a -> latent(a.keys(), a.numHeads(), a.rowSize() + a.latentSize(), position, chosen);
            case SharedLatentAttention a -> latent(a.keys(), a.numHeads(), a.rowSize() + a.latentSize(), position,
                    chosen);
            // Positions cost as much as contents for each kind.
            case Conformer.LocalAttention a -> attention(a.numHeads(), 3L * a.headSize(),
                    Math.min(position + 1L, a.past() + 1L + a.future()));
            case Conformer.PositionedAttention a -> attention(a.numHeads(), 3L * a.headSize(), position + 1L);
            case DisentangledAttention a -> attention(a.numHeads(), 4L * a.headSize(), position + 1L);
            case DifferentialAttention d -> attention(d.attention().numHeads(), 3L * d.attention().headSize(),
                    d.attention().span(), position);
            case ExpertAttention a -> new MixerCost(a.router().numChosen(), attention(
                    (long) a.router().numChosen() * a.numHeads(), 2L * a.headSize(), a.span(), position).mixing());
            case SubNorm s -> of(s.mixer(), position, chosen);
            case Conformer.Clipped c -> of(c.mixer(), position, chosen);
            case BiasedAttention a -> attention(a.numHeads(), 2L * a.headSize() + a.biasSize(), a.span(), position);
            case Mixer.Convolved c -> of(c.mixer(), position, chosen);
            case Experts e -> new MixerCost(e.numActive(), 0);
            case CompressedAttention a -> compressed(a, position);
            case HashedExperts e -> new MixerCost(e.experts().numActive(), 0);
            case CompressedExperts e -> new MixerCost(e.experts().numActive(), 0);
            case NormedExperts e -> new MixerCost(e.experts().numActive(), 0);
            case RecurrentNetwork r -> NONE;
            case GatedMlp m -> NONE;
            case ScaledGatedMlp m -> NONE;
            case Mlp m -> NONE;
            case XieluMlp m -> NONE;
            case PerLayerEmbedding i -> NONE;
            case AugmentedResidual r -> NONE;
            case LimitedMlp m -> NONE;
            case BlockSparseAttention s -> blocks(s, position);
            case IndexedAttention a -> indexed(a, position + 1L);
            case NgramEmbedding n -> NONE;
            case BytePatches.Hashes h -> NONE;
            case BytePatches b -> NONE;
            case BytePatches.OfPatches a -> of(a.attention(), position, chosen);
            case BytePatches.Reading r -> attention(r.numHeads(), 2L * r.headSize(), r.slots());
            case SparseGatedMlp m -> NONE;
            case Parallel p -> NONE;
            case Injected i -> NONE;
            case SharedTransformer t -> attention(t.numHeads(), 2L * t.headSize(), new Span.Causal(), position);
            case SelectiveStateSpace s -> scan(6, (long) s.innerSize() * s.stateSize());
            case StateSpaceDual s -> scan(5, (long) s.innerSize() * s.stateSize());
            case Lightning l -> scan(5, (long) l.size() * l.headSize());
            case ChannelMix m -> NONE;
            case GatedConvolution c -> NONE;
            case Conformer.LightConvolution c -> NONE;
            case Conformer.EmbeddingConvolution c -> NONE;
            case Conformer.ClippedConvolution c -> NONE;
            case Conformer.ClippedMlp m -> NONE;
            case MatrixMemory m -> scan(5, (long) m.valuesSize() * m.keySize());
            case RealGatedRecurrence r -> scan(5, r.size());
            case TimeMix m -> scan(8, m.size());
            case KimiDelta d -> scan(7, (long) d.size() * d.headSize());
            case GatedDeltaNet g -> scan(7, (long) g.numValueHeads() * g.keySize() * g.valueSize());
        };
    }

    /// How a mixer selects its keys.
    static KeyChoice keys(Mixer mixer) {
        return switch (mixer) {
            case LatentAttention a -> a.keys();
            case SharedLatentAttention a -> a.keys();
            default -> new KeyChoice.All();
        };
    }

    /// Each head multiplies its query with the visible keys and sums the values.
    ///
    /// @param keyAndValueSize size of a key head plus a value head
    private static MixerCost attention(long numHeads, long keyAndValueSize, Span span, int position) {
        return attention(numHeads, keyAndValueSize,
                span.last(position, position + 1) - (long) span.first(position) + 1);
    }

    private static MixerCost attention(long numHeads, long keyAndValueSize, long seen) {
        return new MixerCost(0, 2 * numHeads * keyAndValueSize * seen);
    }

    /// The window and the entries; an indexer multiplies its queries with all entries.
    private static MixerCost compressed(CompressedAttention a, int position) {
        long near = Math.min(position + 1L, a.window());
        if (a.compression().isEmpty()) {
            return attention(a.numHeads(), 2L * a.headSize(), near);
        }
        long entries = (position + 1L) / a.compression().get().blockSize();
        return a.compression().get().indexer().map(i -> new MixerCost(0,
                attention(a.numHeads(), 2L * a.headSize(), near + Math.min(entries, i.count())).mixing
                        + 2L * i.numHeads() * (i.headSize() + 1) * entries))
                .orElseGet(() -> attention(a.numHeads(), 2L * a.headSize(), near + entries));
    }

    /// Index heads multiply their queries with all keys; the heads attend to the chosen blocks.
    private static MixerCost blocks(BlockSparseAttention s, int position) {
        long all = position + 1L;
        MixerCost heads = attention(s.attention().numHeads(), 2L * s.attention().headSize(),
                Math.min(all, s.fullLength()));
        return all <= s.fullLength() ? heads
                : new MixerCost(0, heads.mixing + 2L * s.numIndexHeads() * s.indexSize() * all);
    }

    /// Index heads multiply their queries with the keys of blocks.
    private static MixerCost indexed(IndexedAttention a, long all) {
        long seen = all < a.count() + a.blockSize() ? all : a.count() + all % a.blockSize();
        return new MixerCost(0, attention(a.attention().numHeads(), (long) a.attention().headSize()
                + a.attention().valueSize(), seen).mixing
                + (seen == all ? 0 : 2L * a.numIndexHeads() * a.indexSize() * (all / a.blockSize())));
    }

    /// The absorbed form: each head multiplies its query with the visible rows and sums the latents. An indexer
    /// multiplies its queries with all keys and selects the best for the heads.
    ///
    /// @param size of a row and of a latent together
    private static MixerCost latent(KeyChoice keys, long numHeads, int size, int position, int chosen) {
        long all = position + 1L;
        return switch (keys) {
            case KeyChoice.All choice -> attention(numHeads, size, all);
            case KeyChoice.Indexed choice -> new MixerCost(0, attention(numHeads, size,
                    Math.min(choice.count(), all)).mixing() + 2L * choice.numHeads() * (choice.headSize() + 1) * all);
            case KeyChoice.Pooled choice -> new MixerCost(0, attention(numHeads, size,
                    Math.min(choice.each().count(), all)).mixing()
                    + 2L * choice.each().numHeads() * (choice.each().headSize() + 1) * (all / choice.blockSize()));
            case KeyChoice.AsBefore choice -> attention(numHeads, size, Math.min(chosen, all));
        };
    }

    /// @param steps operations per element of the state: decay, update, output
    private static MixerCost scan(long steps, long state) {
        return new MixerCost(0, steps * state);
    }
}
