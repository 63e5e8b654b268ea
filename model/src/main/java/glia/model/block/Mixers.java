package glia.model.block;

import glia.model.spec.Attention;
import glia.model.spec.Bias;
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
import glia.model.spec.Norm;
import glia.model.spec.NormedAttention;
import glia.model.spec.Parallel;
import glia.model.spec.PerLayerEmbedding;
import glia.model.spec.Place;
import glia.model.spec.RealGatedRecurrence;
import glia.model.spec.RecurrentNetwork;
import glia.model.spec.RelativeAttention;
import glia.model.spec.Role;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.SharedKvAttention;
import glia.model.spec.SharedLatentAttention;
import glia.model.spec.SharedTransformer;
import glia.model.spec.StateSpaceDual;
import glia.model.spec.StridedAttention;
import glia.model.spec.TimeMix;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Elementwise.ElementwiseBinary.Function;
import glia.tensor.ops.row.Elementwise.ElementwiseBinary;
import glia.tensor.ops.row.Scales.SigmoidGate;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.scan.CausalConvolution;
import glia.tensor.ops.scan.LightningScan;
import glia.tensor.ops.scan.RecurrentScan;
import java.util.Optional;
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
            case BiasedAttention a -> new BiasedAttentionBlock(a, weights, place);
            case Mixer.Convolved c -> BiasedAttentionBlock.convolved(c, of(c.mixer(), place), weights, place);
            case HashedExperts e -> ExpertsBlock.of(e, weights, place);
            case ChannelMix m -> MixBlocks.of(m, weights, place);
            case CompressedExperts e -> ExpertsBlock.of(e, weights, place);
            case SharedLatentAttention a -> new SharedLatentAttentionBlock(a, weights, place, ropes,
                    followed.contains(place.sublayer()));
            case SharedKvAttention a -> new SharedKvAttentionBlock(a, weights, place, ropes);
            case Diffusion.CanvasAttention a -> new NormedAttentionBlock(a, weights, place, ropes);
            case Diffusion.SelfConditioning s -> new SelfConditioningBlock(s, weights, place);
            case PerLayerEmbedding i -> new PerLayerEmbeddingBlock(i, weights, place);
            case Conformer.Clipped c -> c.mixer() instanceof NormedAttention a
                    ? NormedAttentionBlock.clipped(a, weights, place, ropes)
                    : ConformerBlocks.gated((GatedMlp) c.mixer(), weights, place);
            case Conformer.ClippedConvolution c -> ConformerBlocks.of(c, weights, place);
            case Conformer.ClippedMlp m -> ConformerBlocks.of(m, weights, place);
            case Conformer.LocalAttention a -> ConformerBlocks.of(a, weights, place);
            case Conformer.LightConvolution c -> ConformerBlocks.of(c, weights, place);
            case Conformer.EmbeddingConvolution c -> ConformerBlocks.of(c, weights, place);
            case Conformer.PositionedAttention a -> ConformerBlocks.of(a, weights, place);
            case CrossAttention a -> new CrossAttentionBlock(a, weights, place);
            case DifferentialAttention a -> new DifferentialAttentionBlock(a, weights, place, ropes);
            case ExpertAttention a -> new ExpertAttentionBlock(a, weights, place, ropes);
            case DisentangledAttention a -> new DisentangledAttentionBlock(a, weights, place);
            case Experts e -> new ExpertsBlock(e, weights, place);
            case GatedConvolution c -> GatedConvolutionBlock.of(c, weights, place);
            case GatedDeltaNet d -> new GatedDeltaBlock(d, weights, place);
            case GatedMlp m -> MlpBlock.of(m, weights, place);
            case IndexedAttention a -> IndexedAttentionBlock.of(a, weights, place, ropes);
            case BytePatches b -> new BytePatchesBlock(b, this, place);
            case BytePatches.Hashes h -> BytePatchesBlock.hashes(h, weights, place);
            case BytePatches.OfPatches a -> BytePatchesBlock.ofPatches(a.attention(), weights, place, ropes);
            case BytePatches.Reading r -> new BytePatchesBlock.ReadingBlock(r, weights, place);
            case NgramEmbedding n -> new NgramEmbeddingBlock(n, weights, place);
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
            case WindowedAttention a -> new AttentionBlock(a, weights, place, ropes);
            case SubNorm s -> s.mixer() instanceof Attention a
                    ? new AttentionBlock(a, weights, place, ropes, s.norm())
                    : MlpBlock.of((GatedMlp) s.mixer(), s.norm(), weights, place);
            case XieluMlp m -> MlpBlock.of(m, weights, place);
        };
    }

    /// `mixer(norm(x + source(x)))`.
    static final class InjectedBlock {
        private InjectedBlock() { }

        static Block of(Injected spec, Mixers mixers, Place place) {
            Block source = mixers.of(spec.source(), new Place(place.sublayer(), 1));
            Place at = new Place(place.sublayer(), 2);
            Block norm = NormBlock.of(spec.norm(), mixers.weights(), at, Role.BEFORE_WEIGHT, Role.BEFORE_BIAS);
            Block mixer = mixers.of(spec.mixer(), at);
            return (ops, x, pass, states) -> mixer.forward(ops, norm.forward(ops, ops.apply(
                    new Sum(x, 1, source.forward(ops, x, pass, states), 1)), pass, states), pass, states);
        }
    }

    /// `down(f(gate(x)) · p)` with the layer's per-layer embedding p.
    static final class PerLayerEmbeddingBlock implements Block {
        private final PerLayerEmbedding spec;
        private final Block gate;
        private final Block down;

        PerLayerEmbeddingBlock(PerLayerEmbedding spec, Weights weights, Place place) {
            this.spec = spec;
            gate = Projection.of(weights, place, Role.GATE, Role.GATE_BIAS, false);
            down = Projection.of(weights, place, Role.DOWN, Role.DOWN_BIAS, false);
        }

        @Override
        public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
            Tensor own = ops.apply(SliceColumns.of(pass.crossLayer().perLayer(), spec.layer() * spec.size(),
                    spec.size()));
            return down.forward(ops, ops.gated(gate.forward(ops, x, pass, states), own, spec.activation()), pass,
                    states);
        }
    }

    /// `x + norm(B A x)` (see `AugmentedResidual`).
    static final class AugmentedResidualBlock implements Block {
        private final Block down;
        private final Block up;
        private final Norm.Rms rms;
        private final Weight norm;

        AugmentedResidualBlock(AugmentedResidual spec, Weights weights, Place place) {
            down = Projection.of(weights, place, Role.DOWN, Role.DOWN_BIAS, false);
            up = Projection.of(weights, place, Role.UP, Role.UP_BIAS, false);
            rms = spec.norm();
            norm = weights.get(place, Role.RESIDUAL_NORM);
        }

        @Override
        public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
            Tensor low = up.forward(ops, down.forward(ops, x, pass, states), pass, states);
            return ops.apply(new Sum(x, 1, ops.rmsNorm(low, norm, rms.eps(), rms.offset()), 1));
        }
    }

    /// `W_o · attend(W_q x, W_k x, W_v x)` with relative position biases.
    static final class RelativeAttentionBlock implements Block {
        private final Place place;
        private final AttentionShape shape;
        private final Weight query;
        private final Weight key;
        private final Weight value;
        private final Weight output;
        private final Weight distances;

        RelativeAttentionBlock(RelativeAttention spec, Weights weights, Place place) {
            this.place = place;
            shape = new AttentionShape(spec.numHeads(), spec.numHeads(), spec.headSize(), spec.headSize(), 1,
                    spec.span(),
                    spec.buckets());
            query = weights.get(place, Role.QUERY);
            key = weights.get(place, Role.KEY);
            value = weights.get(place, Role.VALUE);
            output = weights.get(place, Role.OUTPUT);
            distances = weights.get(Place.of(spec.tableOwner()), Role.DISTANCES);
        }

        @Override
        public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
            Tensor mixed = ops.attention(ops.linear(x, query), ops.linear(x, key), ops.linear(x, value),
                    states.keyValues(place, 0), pass.runs(), shape, distances);
            return ops.linear(mixed, output);
        }
    }

    /// A short convolution between two gates (https://arxiv.org/abs/2511.23404): `out(c ⊙ conv(b ⊙ u))` with
    /// `[b|c|u] = in(x)`.
    static final class GatedConvolutionBlock {
        private GatedConvolutionBlock() { }

        static Block of(GatedConvolution spec, Weights weights, Place place) {
            boolean biased = spec.bias() != Bias.NONE;
            Block input = Projection.of(weights, place, Role.INPUT, Role.INPUT_BIAS, biased);
            Block output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, biased);
            Weight w = weights.get(place, Role.CONVOLUTION);
            Optional<Weight> b = biased ? Optional.of(weights.get(place, Role.CONVOLUTION_BIAS)) : Optional.empty();
            int width = spec.width();
            return (ops, x, pass, states) -> {
                Tensor y = input.forward(ops, x, pass, states);
                Tensor first = ops.apply(SliceColumns.of(y, 0, width));
                Tensor second = ops.apply(SliceColumns.of(y, width, width));
                Tensor gated = ops.apply(new ElementwiseBinary(Function.TIMES, first,
                        ops.apply(SliceColumns.of(y, 2 * width, width))));
                Tensor convolved = ops.apply(
                        new CausalConvolution(gated, w, b, states.recurrence(place, 0), pass.runs()));
                return output.forward(ops, ops.apply(new ElementwiseBinary(Function.TIMES, second, convolved)), pass,
                        states);
            };
        }
    }

    /// `W_o · attend(W_q x, W_k s, W_v s)` over the hidden states s of the source. Keys and values are computed once
    /// per source and cached.
    static final class CrossAttentionBlock implements Block {
        private final Place place;
        private final AttentionShape shape;
        private final Block query;
        private final Block key;
        private final Block value;
        private final Block output;

        CrossAttentionBlock(CrossAttention spec, Weights weights, Place place) {
            this.place = place;
            shape = new AttentionShape(spec.numHeads(), spec.numHeads(), spec.headSize(), spec.headSize(), spec.scale(),
                    new Span.Bidirectional());
            boolean bias = spec.bias().ofInputs();
            query = Projection.of(weights, place, Role.QUERY, Role.QUERY_BIAS, bias);
            key = Projection.of(weights, place, Role.KEY, Role.KEY_BIAS, spec.bias().ofKeys());
            value = Projection.of(weights, place, Role.VALUE, Role.VALUE_BIAS, bias);
            output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, spec.bias().ofOutput());
        }

        @Override
        public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
            Tensor q = query.forward(ops, x, pass, states);
            Tensor k = key.forward(ops, pass.crossLayer().encoded(), pass, states);
            Tensor v = value.forward(ops, pass.crossLayer().encoded(), pass, states);
            if (pass.watcher != null) {
                pass.watcher.crossed(place, q, k);
            }
            Tensor mixed = ops.crossAttention(q, pass.runs(), k, v, pass.source().runs(), states.keyValues(place, 0),
                    shape);
            return output.forward(ops, mixed, pass, states);
        }
    }

    /// A recurrent network (see `RecurrentNetwork`).
    static final class RecurrentBlock implements Block {
        private final RecurrentNetwork spec;
        private final Place place;
        private final Block input;
        private final Weight recurrence;
        private final Optional<Weight> bias;
        private final Block output;

        RecurrentBlock(RecurrentNetwork spec, Weights weights, Place place) {
            this.spec = spec;
            this.place = place;
            boolean biased = spec.bias().ofInputs();
            input = Projection.of(weights, place, Role.INPUT, Role.INPUT_BIAS, biased);
            recurrence = weights.get(place, Role.RECURRENCE);
            bias = biased ? Optional.of(weights.get(place, Role.RECURRENCE_BIAS)) : Optional.empty();
            output = switch (spec.output()) {
                case STATE -> (ops, x, pass, states) -> x;
                case PROJECTED ->
                        Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, spec.bias().ofOutput());
            };
        }

        @Override
        public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
            Tensor gates = input.forward(ops, x, pass, states);
            Tensor h = ops.apply(new RecurrentScan(gates, recurrence, bias, spec.cell(), states.recurrence(place, 0),
                    pass.runs()));
            return output.forward(ops, h, pass, states);
        }
    }

    /// Lightning attention: https://arxiv.org/abs/2401.04658.
    static final class LightningBlock implements Block {
        private final Lightning spec;
        private final Place place;
        private final float[] slopes;
        private final Weight input;
        private final Weight gate;
        private final Weight norm;
        private final Weight output;

        LightningBlock(Lightning spec, Weights weights, Place place) {
            this.spec = spec;
            this.place = place;
            slopes = spec.slopes();
            input = weights.get(place, Role.INPUT);
            gate = weights.get(place, Role.GATE);
            norm = weights.get(place, Role.GATED_NORM);
            output = weights.get(place, Role.OUTPUT);
        }

        @Override
        public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
            Tensor all = ops.activate(ops.linear(x, input), spec.activation());
            int size = spec.headSize();
            Tensor q = ops.apply(new SliceColumns(all, 3 * size, 0, size));
            Tensor k = ops.apply(new SliceColumns(all, 3 * size, size, size));
            Tensor v = ops.apply(new SliceColumns(all, 3 * size, 2 * size, size));
            Tensor heads = ops.apply(new LightningScan(q, k, v, slopes, states.recurrence(place, 0), pass.runs()));
            Tensor normed = ops.rmsNorm(heads, norm, spec.eps(), 0);
            return ops.linear(ops.apply(new SigmoidGate(normed, ops.linear(x, gate))), output);
        }
    }
}
