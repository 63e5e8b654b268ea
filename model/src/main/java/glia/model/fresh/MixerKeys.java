package glia.model.fresh;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.Experts;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.Lightning;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.model.spec.Parallel;
import glia.model.spec.QkNorm;
import glia.model.spec.RecurrentNetwork;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.StateSpaceDual;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.DecayForm;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.StepLimits;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import glia.tensor.ops.scan.RecurrentScan.RecurrentCell;
import java.util.ArrayList;
import java.util.List;

/// Reads the mixers of a hand-written spec; `docs/new-models.md` lists their keys and defaults.
///
/// @param hidden D, the hidden size
/// @param context the context length
/// @param eps epsilon of norms
record MixerKeys(int hidden, int context, float eps) {
    /// The kinds of mixers.
    static final List<String> KINDS = List.of("attention", "sliding-attention", "mlp", "moe", "mamba", "mamba2",
            "gated-delta", "lightning", "elman", "gru", "lstm", "parallel");

    private static final int HEAD_SIZE = 64;
    private static final int WIDTH_STEP = 32;

    /// The mixer that a mapping describes. Its other keys, those of the sublayer, may be read before or after.
    Mixer read(SpecKeys keys) throws CheckpointException {
        String kind = keys.text("kind", "");
        return switch (kind) {
            case "attention" -> attention(keys, false);
            case "sliding-attention" -> attention(keys, true);
            case "mlp" -> mlp(keys);
            case "moe" -> experts(keys);
            case "mamba" -> mamba(keys);
            case "mamba2" -> mamba2(keys);
            case "gated-delta" -> delta(keys);
            case "lightning" -> lightning(keys);
            case "elman" -> recurrent(keys, RecurrentCell.ELMAN);
            case "gru" -> recurrent(keys, RecurrentCell.GRU);
            case "lstm" -> recurrent(keys, RecurrentCell.LSTM);
            case "parallel" -> parallel(keys);
            default -> throw keys.choice("kind", kind, KINDS);
        };
    }

    /// D split into heads of about 64.
    private int heads() {
        int heads = Math.max(1, hidden / HEAD_SIZE);
        while (hidden % heads != 0) {
            heads--;
        }
        return heads;
    }

    /// The width of a gated MLP with as many parameters as a plain one of 4 D.
    static int gatedWidth(int hidden) {
        return Math.ceilDiv(8 * hidden / 3, WIDTH_STEP) * WIDTH_STEP;
    }

    private Mixer attention(SpecKeys keys, boolean slides) throws CheckpointException {
        int heads = keys.size("heads", this::heads);
        int kvHeads = keys.size("kv-heads", heads);
        if (!keys.has("head-size") && hidden % heads != 0) {
            throw keys.error("heads", heads + " heads do not divide the hidden size " + hidden
                    + " and there is no head-size");
        }
        int headSize = keys.size("head-size", () -> hidden / heads);
        Span span = slides ? new Span.Sliding(keys.size("window", () -> Math.max(1, context / 4))) : new Span.Causal();
        Attention attention = Attention.causal(heads, kvHeads, headSize, rope(keys, headSize),
                keys.constant("bias", Bias.class, Bias.NONE)).with(span).with(scores(keys));
        if (keys.flag("qk-norm", false)) {
            attention = attention.with(new QkNorm.Heads(new Norm.Rms(eps, 0)));
        }
        return keys.flag("gate", false) ? attention.with(Attention.Gating.SIGMOID) : attention;
    }

    /// `none`, or the base of the frequencies.
    private static Rope rope(SpecKeys keys, int headSize) throws CheckpointException {
        if (keys.isText("rope")) {
            if (!keys.text("rope", "").equals("none")) {
                throw keys.error("rope", "found '" + keys.text("rope", "") + "', expected none or a base, as in 10000");
            }
            return new Rope.None();
        }
        int rotated = keys.size("rotated", headSize - headSize % 2);
        return new Rope.Rotary(rotated, keys.real("rope", 10_000), new RopeScaling.None(), Layout.HALF_SPLIT);
    }

    private static Scores scores(SpecKeys keys) throws CheckpointException {
        boolean alibi = keys.flag("alibi", false);
        boolean sinks = keys.flag("sinks", false);
        boolean capped = keys.has("cap");
        if ((alibi ? 1 : 0) + (sinks ? 1 : 0) + (capped ? 1 : 0) > 1) {
            throw keys.error(alibi ? "alibi" : "sinks", "only one of alibi, sinks and cap is possible");
        }
        return alibi ? new Scores.Alibi(8) : sinks ? new Scores.Sinks()
                : capped ? new Scores.Capped((float) keys.real("cap", 0)) : new Scores.Plain();
    }

    private Mixer mlp(SpecKeys keys) throws CheckpointException {
        Activation activation = keys.constant("activation", Activation.class, Activation.SILU);
        Bias bias = keys.constant("bias", Bias.class, Bias.NONE);
        return keys.flag("gated", true) ? new GatedMlp(keys.size("size", () -> gatedWidth(hidden)), activation, bias)
                : new Mlp(keys.size("size", () -> 4 * hidden), activation, bias);
    }

    private Mixer experts(SpecKeys keys) throws CheckpointException {
        int count = keys.size("experts", 8);
        int active = keys.size("active", () -> Math.min(2, count));
        Activation activation = keys.constant("activation", Activation.class, Activation.SILU);
        Router.Score score = keys.constant("router", Router.Score.class, Router.Score.SOFTMAX);
        Router router = new Router(active, score, keys.flag("correction", false) ? Router.Correction.LEARNED
                : Router.Correction.NONE, new Router.Groups.All(),
                keys.constant("share", Router.Share.class, Router.Share.NORMALIZED), (float) keys.real("scale", 1));
        int shared = keys.integer("shared", 0);
        if (shared < 0) {
            throw keys.error("shared", "found " + shared + ", expected the width of a shared expert, or 0 for none");
        }
        return new Experts(count, keys.size("size", () -> gatedWidth(hidden) / 2),
                keys.flag("gated", true) ? new MlpForm.Gated(activation) : new MlpForm.Plain(activation), Bias.NONE,
                router, Weighting.OUTPUT,
                shared == 0 ? new Experts.Shared.None() : new Experts.Shared.Plain(shared));
    }

    private Convolution convolution(SpecKeys keys, Bias bias) throws CheckpointException {
        return new Convolution(keys.size("convolution", 4), Activation.SILU, bias);
    }

    private Mixer mamba(SpecKeys keys) throws CheckpointException {
        return new SelectiveStateSpace(keys.size("inner", 2 * hidden), keys.size("state", 16),
                keys.size("step-rank", Math.ceilDiv(hidden, 16)), convolution(keys, Bias.ALL), new Norm.None(),
                DecayForm.LOGARITHM, Bias.NONE);
    }

    private Mixer mamba2(SpecKeys keys) throws CheckpointException {
        int inner = keys.size("inner", 2 * hidden);
        int headSize = keys.size("head-size", () -> Math.min(HEAD_SIZE, inner));
        if (inner % headSize != 0) {
            throw keys.error("head-size", "heads of " + headSize + " do not divide the inner size " + inner);
        }
        return new StateSpaceDual(inner / headSize, headSize, keys.size("state", 128), keys.size("groups", 1),
                convolution(keys, Bias.ALL), StepLimits.NONE, new StateSpaceDual.Gating.GateThenNorm(eps),
                StateSpaceDual.Multipliers.NONE, DecayForm.LOGARITHM, Bias.NONE, Bias.NONE);
    }

    private Mixer delta(SpecKeys keys) throws CheckpointException {
        int heads = keys.size("heads", this::heads);
        int keyHeads = keys.size("key-heads", heads);
        int size = keys.size("head-size", () -> Math.max(1, hidden / heads));
        return new GatedDeltaNet(keyHeads, heads, keys.size("key-size", size), keys.size("value-size", size),
                convolution(keys, Bias.NONE), eps, GatedDeltaNet.Inputs.SEPARATE);
    }

    private Mixer lightning(SpecKeys keys) throws CheckpointException {
        int heads = keys.size("heads", this::heads);
        return new Lightning(heads, keys.size("head-size", () -> Math.max(1, hidden / heads)),
                (float) keys.real("rate", 1), keys.constant("activation", Activation.class, Activation.SILU), eps);
    }

    private Mixer recurrent(SpecKeys keys, RecurrentCell cell) throws CheckpointException {
        int size = keys.size("size", hidden);
        Bias bias = keys.constant("bias", Bias.class, Bias.INPUTS);
        return new RecurrentNetwork(cell, size, bias, size == hidden && !keys.flag("projected", false)
                ? RecurrentNetwork.Output.STATE : RecurrentNetwork.Output.PROJECTED);
    }

    private Mixer parallel(SpecKeys keys) throws CheckpointException {
        List<Parallel.Branch> branches = new ArrayList<>();
        for (Config branch : keys.children("branches")) {
            SpecKeys inner = new SpecKeys(branch);
            branches.add(new Parallel.Branch(read(inner)));
            inner.finish("a branch of the kind " + inner.text("kind", ""));
        }
        return new Parallel(branches);
    }
}
