package glia.model.spec;

import glia.tensor.kernel.Activation;
import glia.tensor.ops.expert.MlpForm;
import java.util.List;
import java.util.stream.Stream;

/// The computation of a sublayer: attention or a recurrence over the tokens of a sequence, or an MLP on each token.
/// Each kind is a record with its sizes; the block of the same name computes it.
public sealed interface Mixer permits
        Attention,
        Mixer.AugmentedResidual,
        BiasedAttention,
        BlockSparseAttention,
        BytePatches,
        BytePatches.Hashes,
        BytePatches.OfPatches,
        BytePatches.Reading,
        ChannelMix,
        CompressedAttention,
        CompressedExperts,
        Conformer.Clipped,
        Conformer.ClippedConvolution,
        Conformer.ClippedMlp,
        Conformer.EmbeddingConvolution,
        Conformer.LightConvolution,
        Conformer.LocalAttention,
        Conformer.PositionedAttention,
        CrossAttention,
        Diffusion.CanvasAttention,
        Diffusion.SelfConditioning,
        DifferentialAttention,
        ExpertAttention,
        DisentangledAttention,
        Experts,
        GatedConvolution,
        GatedDeltaNet,
        IndexedAttention,
        NgramEmbedding,
        Mixer.GatedMlp,
        Mixer.Convolved,
        Mixer.HashedExperts,
        Injected,
        KimiDelta,
        LatentAttention,
        Lightning,
        Mixer.LimitedMlp,
        MatrixMemory,
        Mixer.Mlp,
        NormedAttention,
        Mixer.NormedExperts,
        Parallel,
        PerLayerEmbedding,
        RealGatedRecurrence,
        RecurrentNetwork,
        RelativeAttention,
        Mixer.ScaledGatedMlp,
        SelectiveStateSpace,
        SharedKvAttention,
        SharedLatentAttention,
        SharedTransformer,
        Mixer.SparseGatedMlp,
        StateSpaceDual,
        StridedAttention,
        Mixer.SubNorm,
        TimeMix,
        Mixer.WindowedAttention,
        Mixer.XieluMlp {
    /// Adds the parameters with their shapes, in the order in which a pass uses them.
    ///
    /// @param hidden D, the hidden size
    void parameters(Shapes shapes, int hidden);

    /// The caches of each sequence; blocks refer to them by index.
    default List<CacheKind> caches() {
        return List.of();
    }

    /// A short description in the terms of the paper, with sizes.
    String describe();

    /// `down(f(scale · gate(x)) ⊙ up(x))`, a gated MLP with a fixed factor of its gate, from µP
    /// (https://arxiv.org/abs/2203.03466).
    record ScaledGatedMlp(GatedMlp mlp, float scale) implements Mixer {
        public ScaledGatedMlp {
            NumberRange.FACTOR.require("gate factor", scale);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            mlp.parameters(shapes, hidden);
        }

        @Override
        public String describe() {
            return mlp.describe() + ", gates × " + scale;
        }
    }

    /// `down(f(s · up(x)) / s)`.
    ///
    /// @param steepness s, usually 1; 1.702 with SiLU is the quick approximation of GELU
    ///     (https://arxiv.org/abs/1606.08415)
    record Mlp(int intermediateSize, Activation activation, Bias bias, float steepness) implements Mixer {
        /// `down(f(up(x)))`.
        public Mlp(int intermediateSize, Activation activation, Bias bias) {
            this(intermediateSize, activation, bias, 1);
        }

        public Mlp {
            NumberRange.SIZE.require("MLP width", intermediateSize);
            NumberRange.FACTOR.require("steepness of an activation", steepness);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.linear(Role.UP, Role.UP_BIAS, bias.ofInputs(), intermediateSize, hidden);
            shapes.linear(Role.DOWN, Role.DOWN_BIAS, bias.ofOutput(), hidden, intermediateSize);
        }

        @Override
        public String describe() {
            return "MLP, " + intermediateSize + " wide, " + Labels.of(activation)
                    + (steepness == 1 ? "" : " of " + steepness + " x");
        }
    }

    /// A mixture of experts that a fixed table chooses by the token; the router only weights them.
    /// https://arxiv.org/abs/2106.04426
    record HashedExperts(Experts experts, int vocabSize) implements Mixer {
        public HashedExperts {
            NumberRange.SIZE.require("vocabulary size", vocabSize);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            experts.parameters(shapes, hidden);
            shapes.add(Role.ROUTER_TABLE, vocabSize, experts.numActive());
        }

        @Override
        public String describe() {
            return experts.describe() + ", chosen by the token";
        }
    }

    /// A mixture of experts with separate norms for the experts and the router: `Σ_j w_j · s_j · expert_j(norm(x))`.
    /// The router's logits are `W · (unit(x) ⊙ r) / √D`; s is a learned scale per expert.
    /// https://arxiv.org/abs/2401.04088 has the plain form.
    ///
    /// @param norm the norm of the experts' input
    record NormedExperts(Experts experts, Norm.Rms norm) implements Mixer {
        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.norm(norm, Role.EXPERT_NORM, Role.EXPERT_NORM, hidden);
            shapes.add(Role.ROUTER_NORM, hidden);
            experts.parameters(shapes, hidden);
            shapes.add(Role.EXPERT_SCALE, experts.numExperts());
        }

        @Override
        public String describe() {
            return experts.describe() + ", normalized inputs";
        }
    }

    /// A mixer whose output u passes a short causal convolution: `(conv(u) + u) / √(kernel + 1)`.
    record Convolved(Mixer mixer, int width, int kernel) implements Mixer {
        public Convolved {
            NumberRange.SIZE.require("convolution", kernel);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            mixer.parameters(shapes, hidden);
            shapes.add(Role.CONVOLUTION, width, 1, kernel);
        }

        /// Those of the mixer, then the convolution's last inputs.
        @Override
        public List<CacheKind> caches() {
            return Stream.concat(mixer.caches().stream(), Stream.of(
                    new CacheKind.Recurrence(Math.multiplyExact(width, kernel - 1)))).toList();
        }

        @Override
        public String describe() {
            return mixer.describe() + ", then a convolution of " + kernel;
        }
    }

    /// Learned augmented residual (LAuReL, https://arxiv.org/abs/2411.07501): `x + norm(B A x)` with matrices of low
    /// rank.
    ///
    /// @param rank the rows of A
    record AugmentedResidual(int rank, Norm.Rms norm) implements Mixer {
        public AugmentedResidual {
            NumberRange.SIZE.require("rank of the augmented residual", rank);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.DOWN, rank, hidden);
            shapes.add(Role.UP, hidden, rank);
            shapes.add(Role.RESIDUAL_NORM, hidden);
        }

        @Override
        public String describe() {
            return "learned augmented residual of rank " + rank;
        }
    }

    /// Attention of the features of a picture within windows of `side` × `side` of its grid, in a tower whose other
    /// layers attend to all. https://arxiv.org/abs/2502.13923
    record WindowedAttention(Attention attention, int side) implements Mixer {
        public WindowedAttention {
            NumberRange.SIZE.require("side of a window", side);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            attention.parameters(shapes, hidden);
        }

        @Override
        public List<CacheKind> caches() {
            return attention.caches();
        }

        @Override
        public String describe() {
            return attention.describe() + ", in windows of " + side + " x " + side;
        }
    }

    /// `down(f(gate(x)) · up(x))`. https://arxiv.org/abs/2002.05202
    record GatedMlp(int intermediateSize, Activation activation, Bias bias) implements Mixer {
        public GatedMlp {
            NumberRange.SIZE.require("MLP width", intermediateSize);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            boolean inputs = bias.ofInputs();
            shapes.linear(Role.GATE, Role.GATE_BIAS, inputs, intermediateSize, hidden);
            shapes.linear(Role.UP, Role.UP_BIAS, inputs, intermediateSize, hidden);
            shapes.linear(Role.DOWN, Role.DOWN_BIAS, bias.ofOutput(), hidden, intermediateSize);
        }

        @Override
        public String describe() {
            return "gated MLP, " + intermediateSize + " wide, " + Labels.of(activation);
        }
    }

    /// A gated MLP most of whose gates are 0, `down(f(cut(gate(x))) ⊙ up(x))`: of the gates, taken as normally
    /// distributed, only the largest pass, with what exceeds their quantile (see `DeviationCut`).
    ///
    /// @param sparsity the part of the gates that becomes 0
    record SparseGatedMlp(Mixer.GatedMlp mlp, double sparsity) implements Mixer {
        public SparseGatedMlp {
            if (!(sparsity > 0 && sparsity < 1)) {
                throw new IllegalArgumentException("sparsity of gates: found " + sparsity
                        + ", expected a number between 0 and 1");
            }
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            mlp.parameters(shapes, hidden);
        }

        @Override
        public String describe() {
            return mlp.describe() + ", " + sparsity + " of the gates 0";
        }
    }

    /// A gated MLP whose gates and ups are clamped, `down(form(gate(x), up(x)))`, without biases.
    /// https://arxiv.org/abs/2508.10925
    record LimitedMlp(int intermediateSize, MlpForm.Limited form) implements Mixer {
        public LimitedMlp {
            NumberRange.SIZE.require("MLP width", intermediateSize);
            NumberRange.FACTOR.require("slope of the clamped gate", form.slope());
            NumberRange.CAP.require("limit of the clamped gate", form.limit());
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.GATE, intermediateSize, hidden);
            shapes.add(Role.UP, intermediateSize, hidden);
            shapes.add(Role.DOWN, hidden, intermediateSize);
        }

        @Override
        public String describe() {
            return "MLP, " + intermediateSize + " wide, " + Experts.words(form);
        }
    }

    /// `down(xIELU(up(x)))`, an MLP with an activation that has two learned slopes a layer, and two stored numbers that
    /// training leaves as they are (`glia.tensor.ops.row.Pointwise.Xielu`). https://arxiv.org/abs/2411.13010
    record XieluMlp(int intermediateSize) implements Mixer {
        public XieluMlp {
            NumberRange.SIZE.require("MLP width", intermediateSize);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.UP, intermediateSize, hidden);
            shapes.add(Role.POSITIVE_SLOPE, 1);
            shapes.add(Role.NEGATIVE_SLOPE, 1);
            shapes.add(Role.COMMON_SLOPE, 1);
            shapes.add(Role.SLOPE_LIMIT, 1);
            shapes.add(Role.DOWN, hidden, intermediateSize);
        }

        @Override
        public String describe() {
            return "MLP, " + intermediateSize + " wide, xIELU";
        }
    }

    /// Attention, or a gated MLP, with a norm before its output projection: `W_o · norm(heads)`, or
    /// `down(norm(f(gate(x)) · up(x)))`. https://arxiv.org/abs/2210.06423
    record SubNorm(Mixer mixer, Norm.Rms norm) implements Mixer {
        public SubNorm {
            if (!(mixer instanceof Attention || mixer instanceof Mixer.GatedMlp)) {
                throw new IllegalArgumentException("a norm before the output needs attention or a gated MLP, not "
                        + mixer.describe());
            }
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            mixer.parameters(shapes, hidden);
            shapes.add(Role.SUB_NORM, mixer instanceof Attention a ? a.outputSize()
                    : ((Mixer.GatedMlp) mixer).intermediateSize());
        }

        @Override
        public List<CacheKind> caches() {
            return mixer.caches();
        }

        @Override
        public String describe() {
            return mixer.describe() + ", normed before the output";
        }
    }
}
