package glia.model.write;

import glia.model.spec.Attention;
import glia.model.spec.BlockSparseAttention;
import glia.model.spec.Embedding;
import glia.model.spec.GatedDeltaNet.Inputs;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.Head;
import glia.model.spec.KimiDelta;
import glia.model.spec.LatentAttention;
import glia.model.spec.Mixer.ScaledGatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NormedAttention;
import glia.model.spec.Parallel;
import glia.model.spec.PerLayerEmbeddings;
import glia.model.spec.Positions;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.SharedKvAttention;
import glia.model.spec.StateSpaceDual;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Changes a spec to the storage layout of another spec of the same model: the row order of RoPE pairs, the order of
/// value heads, norm weights with or without 1, decays as rates or logarithms, fixed factors folded into weights,
/// latent expansions in one matrix or two, positions with or without unused rows, and equivalent RoPE scalings. Any
/// difference left is a different model. `LayoutConversion` converts the values accordingly.
final class LayoutConversions {
    private static final double TOLERANCE = 1e-6;

    private LayoutConversions() { }

    /// The model `from` in the storage layout of `to`.
    static ModelSpec of(ModelSpec from, ModelSpec to) {
        if (from.sublayers().size() != to.sublayers().size() || from.encoder().isPresent()) {
            return from;
        }
        List<Sublayer> sublayers = new ArrayList<>();
        for (int i = 0; i < from.sublayers().size(); i++) {
            sublayers.add(sublayer(from.sublayers().get(i), to.sublayers().get(i)));
        }
        boolean scales = scales(from, to);
        return new ModelSpec(from.modelType(), from.vocabSize(), from.hiddenSize(), from.contextLength(),
                embedding(from.embedding(), to.embedding(), scales), sublayers,
                norm(from.finalNorm(), to.finalNorm()), scales ? head(from.head(), to.head()) : from.head(),
                from.encoder(), List.of(), from.streams(), to.towers().isEmpty() ? List.of() : from.towers(),
                from.diffusion());
    }

    /// Whether embedding and logit factors can be folded into the matrices; a tied matrix can take only one.
    private static boolean scales(ModelSpec from, ModelSpec to) {
        double embedding = ratio(from.embedding().scale(), to.embedding().scale());
        double head = ratio(factor(from.head().logits()), factor(to.head().logits()));
        return from.head().matrix() != Head.Matrix.TIED || Math.abs(embedding - head) <= TOLERANCE * embedding;
    }

    static double ratio(double from, double to) {
        return from == to || to == 0 ? 1 : from / to;
    }

    /// The factor of the logits.
    static float factor(Head.Logits logits) {
        return switch (logits) {
            case Head.Logits.Plain plain -> 1;
            case Head.Logits.Scaled scaled -> scaled.factor();
            case Head.Logits.Capped _, Head.Logits.Masked _ -> 1;
        };
    }

    /// The padding token affects training only.
    private static Embedding embedding(Embedding from, Embedding to, boolean scales) {
        boolean onlyTokens = scales && from.numSegments() == 0 && from.positions() instanceof Positions.None
                && from.norm() instanceof Norm.None && to.scale() != 0;
        return new Embedding(positions(from.positions(), to.positions()), onlyTokens ? to.scale() : from.scale(),
                from.numSegments(), from.norm(), to.padding(), perLayer(from.perLayer(), to.perLayer()),
                from.factors(), from.features(), from.unusedRows());
    }

    /// Rows for all tokens; those that have none have the row of token 0.
    private static Optional<PerLayerEmbeddings> perLayer(Optional<PerLayerEmbeddings> from,
            Optional<PerLayerEmbeddings> to) {
        return from.isPresent() && to.isPresent() && from.get().vocabSize() < to.get().vocabSize()
                ? from.map(e -> new PerLayerEmbeddings(to.get().vocabSize(), e.numLayers(), e.size(), e.eps())) : from;
    }

    /// The positions of texts without padding, which need no rows before the first.
    private static Positions positions(Positions from, Positions to) {
        return from instanceof Positions.Counted a && to instanceof Positions.Learned b && a.count() == b.count()
                ? to : from;
    }

    private static Head head(Head from, Head to) {
        boolean scales = !(from.logits() instanceof Head.Logits.Capped) && !(to.logits() instanceof Head.Logits.Capped)
                && !(to.logits() instanceof Head.Logits.Masked)
                && factor(to.logits()) != 0;
        return scales ? from.with(to.logits()) : from;
    }

    private static Sublayer sublayer(Sublayer from, Sublayer to) {
        boolean scales = from.after() instanceof Norm.None && from.residual() instanceof Residual.Add
                && to.residual() instanceof Residual.Add other && other.scale() != 0;
        return new Sublayer(from.layer(), norm(from.before(), to.before()), mixer(from.mixer(), to.mixer()),
                norm(from.after(), to.after()), scales ? to.residual() : from.residual(), from.sharedWith());
    }

    private static Norm norm(Norm from, Norm to) {
        return switch (from) {
            case Norm.Rms a when to instanceof Norm.Rms b -> new Norm.Rms(a.eps(), b.offset());
            case Norm.Layer a when to instanceof Norm.Layer b -> new Norm.Layer(a.eps(), b.offset());
            default -> from;
        };
    }

    private static Mixer mixer(Mixer from, Mixer to) {
        return switch (from) {
            case Attention a when to instanceof Attention b -> attention(a, b);
            case BlockSparseAttention a when to instanceof BlockSparseAttention b -> a.with(attention(a.attention(),
                    b.attention()), (Norm.Rms) norm(a.norm(), b.norm()));
            case NormedAttention a when to instanceof NormedAttention b -> new NormedAttention(a.numHeads(),
                    a.numKeyValueHeads(), a.headSize(), rope(a.rope(), b.rope()), a.span(), a.eps(), a.bias(),
                    a.values());
            case SharedKvAttention a when to instanceof SharedKvAttention b -> new SharedKvAttention(a.numHeads(),
                    a.numKeyValueHeads(), a.headSize(), rope(a.rope(), b.rope()), a.span(), a.eps(), a.bias(),
                    a.followed());
            case LatentAttention a when to instanceof LatentAttention b -> latent(a, b);
            case SelectiveStateSpace a when to instanceof SelectiveStateSpace b -> a.with(b.decay());
            case StateSpaceDual a when to instanceof StateSpaceDual b -> new StateSpaceDual(a.numHeads(), a.headSize(),
                    a.stateSize(), a.numGroups(), a.convolution(), a.limits(), a.gating(), b.multipliers(), b.decay(),
                    a.inputBias(), a.outputBias());
            case GatedDeltaNet a when to instanceof GatedDeltaNet b -> a.with(a.inputs(),
                    a.inputs() == Inputs.SEPARATE && b.inputs() == Inputs.SEPARATE ? b.order() : a.order(), b.decay());
            case KimiDelta a when to instanceof KimiDelta b -> a.with(b.decay().form());
            case ScaledGatedMlp a when to instanceof ScaledGatedMlp b && b.scale() != 0 ->
                    new ScaledGatedMlp(a.mlp(), b.scale());
            case Parallel a when to instanceof Parallel b && a.branches().size() == b.branches().size() ->
                    parallel(a, b);
            default -> from;
        };
    }

    private static Parallel parallel(Parallel from, Parallel to) {
        List<Parallel.Branch> branches = new ArrayList<>();
        for (int i = 0; i < from.branches().size(); i++) {
            Parallel.Branch a = from.branches().get(i);
            Parallel.Branch b = to.branches().get(i);
            boolean in = a.before() instanceof Norm.None && b.inputScale() != 0;
            boolean out = a.after() instanceof Norm.None && b.outputScale() != 0;
            branches.add(new Parallel.Branch(in ? b.inputScale() : a.inputScale(), norm(a.before(), b.before()),
                    mixer(a.mixer(), b.mixer()), norm(a.after(), b.after()),
                    out ? b.outputScale() : a.outputScale()));
        }
        return new Parallel(branches);
    }

    private static LatentAttention latent(LatentAttention from, LatentAttention to) {
        LatentAttention stored = from.withExpansion(to.expansion());
        return from.rope() instanceof Rope.Rotary a && rope(a, to.rope()) instanceof Rope.Rotary b
                ? stored.with(a.with(b.scaling())) : stored;
    }

    private static Attention attention(Attention from, Attention to) {
        QkNorm norm = switch (from.norm()) {
            case QkNorm.Heads a when to.norm() instanceof QkNorm.Heads b ->
                    new QkNorm.Heads((Norm.Rms) norm(a.norm(), b.norm()));
            case QkNorm.Whole a when to.norm() instanceof QkNorm.Whole b ->
                    new QkNorm.Whole((Norm.Rms) norm(a.norm(), b.norm()));
            case QkNorm.None _, QkNorm.Heads _, QkNorm.HeadLayers _, QkNorm.Layers _, QkNorm.Whole _,
                    QkNorm.Rotated _, QkNorm.Clipped _ -> from.norm();
        };
        boolean scales = to.scale() > 0 && from.scale() > 0
                && !(norm instanceof QkNorm.Rotated || norm instanceof QkNorm.HeadLayers
                || norm instanceof QkNorm.Layers || norm instanceof QkNorm.Clipped);
        return new Attention(from.numHeads(), from.numKeyValueHeads(), from.headSize(),
                scales ? to.scale() : from.scale(), rope(from.rope(), to.rope()), from.span(), norm, from.bias(),
                from.scores(), from.temperature(), from.gating(), from.ownValueSize());
    }

    /// Another layout, and an equivalent scaling of the same frequencies.
    private static Rope rope(Rope from, Rope to) {
        if (!(from instanceof Rope.Rotary a && to instanceof Rope.Rotary b)
                || a.rotatedSize() != b.rotatedSize()) {
            return from;
        }
        double[] first = frequencies(a);
        double[] second = frequencies(b);
        boolean same = isFixed(a.scaling()) && isFixed(b.scaling());
        for (int i = 0; i < first.length; i++) {
            same &= Math.abs(first[i] - second[i]) <= TOLERANCE * first[i];
        }
        return new Rope.Rotary(a.rotatedSize(), a.theta(), same ? b.scaling() : a.scaling(), b.layout());
    }

    /// Whether a scaling is a set of frequency factors, independent of the context length.
    private static boolean isFixed(RopeScaling scaling) {
        return switch (scaling) {
            case RopeScaling.None _, RopeScaling.Reversed _ -> true;
            case RopeScaling.Linear linear -> true;
            case RopeScaling.Llama3 llama -> true;
            case RopeScaling.Divisors divisors -> true;
            case RopeScaling.Proportional proportional -> true;
            case RopeScaling.Yarn yarn -> false;
            case RopeScaling.Dynamic dynamic -> false;
            case RopeScaling.LongRope longRope -> false;
            case RopeScaling.Relative relative -> false;
        };
    }

    private static double[] frequencies(Rope.Rotary rope) {
        double[] plain = new double[rope.rotatedSize() / 2];
        for (int i = 0; i < plain.length; i++) {
            plain[i] = Math.pow(rope.theta(), -2.0 * i / rope.rotatedSize());
        }
        return rope.scaling().scale(plain, rope.theta(), 1);
    }
}
