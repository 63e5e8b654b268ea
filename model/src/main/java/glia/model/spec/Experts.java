package glia.model.spec;

import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import java.util.Locale;

/// A mixture of experts (MoE): a router selects a few MLPs for each token; a shared expert may process every token.
/// https://arxiv.org/abs/1701.06538, https://arxiv.org/abs/2401.04088
///
/// @param intermediateSize I, the width of an expert
/// @param form of all experts, including the shared one
/// @param bias whether the router and the experts have biases; the shared expert has its own setting
/// @param weighting whether the router's weights multiply the experts' inputs or outputs
/// @param numIdentities zero-computation experts, which return their input; the router ranks them after the others.
///     https://arxiv.org/abs/2410.07348
public record Experts(int numExperts, int intermediateSize, MlpForm form, Bias bias, Router router, Weighting weighting,
        Shared shared, int numIdentities) implements Mixer {
    /// The shared expert, which processes every token.
    public sealed interface Shared {
        /// No shared expert.
        record None() implements Shared { }

        /// Its output is added. https://arxiv.org/abs/2401.06066
        record Plain(int intermediateSize, Bias bias) implements Shared {
            /// A shared expert without biases.
            public Plain(int intermediateSize) {
                this(intermediateSize, Bias.NONE);
            }
        }

        /// A learned vector `[D]` instead of an expert is added.
        record Constant() implements Shared { }

        /// Its output is multiplied by the gate `σ(w · x)`, one number per token, and added.
        /// https://arxiv.org/abs/2407.10671
        record Gated(int intermediateSize) implements Shared { }
    }

    /// Experts that all compute.
    public Experts(int numExperts, int intermediateSize, MlpForm form, Bias bias, Router router, Weighting weighting,
            Shared shared) {
        this(numExperts, intermediateSize, form, bias, router, weighting, shared, 0);
    }

    public Experts {
        NumberRange.EXPERTS.require("number of experts", numExperts);
        NumberRange.SIZE.require("expert width", intermediateSize);
        NumberRange.FACTOR.require("scale of expert weights", router.scale());
        if (form instanceof MlpForm.Limited limited) {
            NumberRange.FACTOR.require("slope of the clamped gate", limited.slope());
            NumberRange.CAP.require("limit of the clamped gate", limited.limit());
        }
        switch (shared) {
            case Shared.None _, Shared.Constant _ -> { }
            case Shared.Plain plain -> NumberRange.SIZE.require("shared expert width", plain.intermediateSize());
            case Shared.Gated gated -> NumberRange.SIZE.require("shared expert width", gated.intermediateSize());
        }
        NumberRange.COUNT.require("experts that return their input", numIdentities);
        NumberRange.EXPERTS.require("number of experts", (long) numExperts + numIdentities);
        router.check(numExperts + numIdentities);
    }

    /// A copy with another form.
    public Experts with(MlpForm other) {
        return new Experts(numExperts, intermediateSize, other, bias, router, weighting, shared, numIdentities);
    }

    /// The number of experts that the router chooses from.
    public int numChoices() {
        return numExperts + numIdentities;
    }

    /// The number of active experts per token, without the shared one.
    public int numActive() {
        return router.numChosen();
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        parameters(shapes, hidden, hidden);
    }

    /// Adds the parameters if the experts have another dimension than the router and the shared expert.
    void parameters(Shapes shapes, int hidden, int size) {
        boolean biased = bias != Bias.NONE;
        shapes.linear(Role.ROUTER, Role.ROUTER_BIAS, biased, numChoices(), hidden);
        if (router.correction() == Router.Correction.LEARNED) {
            shapes.add(Role.ROUTER_CORRECTION, numChoices());
        }
        for (int expert = 0; expert < numExperts; expert++) {
            if (form.isGated()) {
                linear(shapes, expert, Role.GATE, Role.GATE_BIAS, intermediateSize, size);
            }
            linear(shapes, expert, Role.UP, Role.UP_BIAS, intermediateSize, size);
            linear(shapes, expert, Role.DOWN, Role.DOWN_BIAS, size, intermediateSize);
        }
        switch (shared) {
            case Shared.None none -> { }
            case Shared.Constant constant -> shapes.add(Role.SHARED_DOWN_BIAS, hidden);
            case Shared.Plain plain -> shared(shapes, hidden, plain.intermediateSize(), plain.bias() != Bias.NONE);
            case Shared.Gated gated -> {
                shared(shapes, hidden, gated.intermediateSize(), false);
                shapes.add(Role.SHARED_SCALE, 1, hidden);
            }
        }
    }

    private void linear(Shapes shapes, int expert, Role weight, Role itsBias, int outputs, int inputs) {
        shapes.addExpert(expert, weight, outputs, inputs);
        if (bias != Bias.NONE) {
            shapes.addExpert(expert, itsBias, outputs);
        }
    }

    private void shared(Shapes shapes, int hidden, int width, boolean biased) {
        if (form.isGated()) {
            shapes.linear(Role.SHARED_GATE, Role.SHARED_GATE_BIAS, biased, width, hidden);
        }
        shapes.linear(Role.SHARED_UP, Role.SHARED_UP_BIAS, biased, width, hidden);
        shapes.linear(Role.SHARED_DOWN, Role.SHARED_DOWN_BIAS, biased, hidden, width);
    }

    @Override
    public String describe() {
        return numExperts + " experts, " + intermediateSize + " wide, " + words(form)
                + (numIdentities == 0 ? "" : ", and " + numIdentities + " that return their input")
                + ", " + router.numChosen() + " a token by " + words(router)
                + switch (shared) {
                    case Shared.None none -> "";
                    case Shared.Constant constant -> ", a bias";
                    case Shared.Plain plain -> ", a shared one, " + plain.intermediateSize() + " wide";
                    case Shared.Gated gated -> ", a gated shared one, " + gated.intermediateSize() + " wide";
                };
    }

    static String words(MlpForm form) {
        return switch (form) {
            case MlpForm.Gated gated -> "gated " + Labels.of(gated.activation());
            case MlpForm.SoftCapped c -> "gated silu with soft caps of " + c.gateCap() + " and " + c.upCap();
            case MlpForm.Plain plain -> Labels.of(plain.activation());
            case MlpForm.Limited limited -> "gated " + Labels.of(limited.activation()) + " clamped at "
                    + limited.limit();
        };
    }

    private static String words(Router router) {
        String score = router.score().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        return score + switch (router.groups()) {
            case Router.Groups.All all -> "";
            case Router.Groups.Best best -> " within " + best.kept() + " of " + best.count() + " groups";
        } + (router.correction() == Router.Correction.LEARNED ? ", corrected" : "")
                + switch (router.share()) {
                    case AS_IS -> "";
                    case NORMALIZED -> ", normalized";
                    case SOFTMAX -> ", then softmax";
                    case SPARSE_MIXER -> ", sparse mixer";
                } + (router.scale() == 1 ? "" : " × " + router.scale());
    }
}
