package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.NumberRange;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;

/// Reads mixtures of experts from configs.
public final class ExpertConfig {
    /// The keys of the number of experts.
    private static final String[] COUNTS = {"num_experts", "num_local_experts", "n_routed_experts"};

    private ExpertConfig() { }

    /// The number of experts.
    public static int numExperts(Config config, int otherwise) throws CheckpointException {
        for (String key : COUNTS) {
            if (config.has(key)) {
                return Numbers.experts(config, key);
            }
        }
        return otherwise;
    }

    /// Softmax over all experts; the selected weights may be normalized to sum 1.
    public static Router softmax(Config config, int numChosen, boolean normalized) throws CheckpointException {
        return Router.plain(config.positive("num_experts_per_tok", numChosen), Router.Score.SOFTMAX,
                normalized ? Router.Share.NORMALIZED : Router.Share.AS_IS);
    }

    /// Softmax over the logits of the selected experts.
    public static Router softmaxOfChosen(Config config, int numChosen) throws CheckpointException {
        return Router.plain(config.positive("num_experts_per_tok", numChosen), Router.Score.LOGIT,
                Router.Share.SOFTMAX);
    }

    /// Sigmoid scores with a learned correction bias, limited to the best groups.
    public static Router corrected(Config config, int numChosen, int numGroups, int numKept, double scale)
            throws CheckpointException {
        int count = config.positive("n_group", numGroups);
        int kept = config.positive("topk_group", numKept);
        if (kept > count) {
            throw config.error("topk_group", kept + " groups of experts are kept out of " + count);
        }
        return new Router(config.positive("num_experts_per_tok", numChosen), Router.Score.SIGMOID,
                Router.Correction.LEARNED, kept == count ? new Router.Groups.All()
                        : new Router.Groups.Best(count, kept, Router.By.BEST_TWO),
                config.flag("norm_topk_prob", true) ? Router.Share.NORMALIZED : Router.Share.AS_IS,
                (float) Numbers.real(config, "routed_scaling_factor", NumberRange.FACTOR, scale));
    }

    /// The `n_shared_experts` as one expert of their total width.
    public static Experts.Shared shared(Config config, int width, int otherwise) throws CheckpointException {
        return shared(config, width, otherwise, Bias.NONE);
    }

    /// The same, with biases or without.
    public static Experts.Shared shared(Config config, int width, int otherwise, Bias bias)
            throws CheckpointException {
        int count = config.has("n_shared_experts") ? config.integer("n_shared_experts")
                : config.mentions("n_shared_experts") ? 0 : otherwise;
        if (count < 0 || (long) count * width > Integer.MAX_VALUE) {
            throw config.error("n_shared_experts", count + " shared experts of width " + width);
        }
        return count == 0 ? new Experts.Shared.None() : new Experts.Shared.Plain(count * width, bias);
    }

    /// Gated experts without biases, with weighted outputs.
    public static Experts gated(Config config, int numExperts, int width, Router router, Experts.Shared shared)
            throws CheckpointException {
        return gated(config, numExperts, width, router, shared, 0);
    }

    /// The same, with experts that return their input.
    public static Experts gated(Config config, int numExperts, int width, Router router, Experts.Shared shared,
            int numIdentities) throws CheckpointException {
        return of(config, numExperts, width, new MlpForm.Gated(Activations.read(config, "hidden_act", "silu")),
                Bias.NONE, router, Weighting.OUTPUT, shared, numIdentities);
    }

    /// Experts of any kind.
    ///
    /// @throws CheckpointException also if there are too few experts for the router
    public static Experts of(Config config, int numExperts, int width, MlpForm form, Bias bias, Router router,
            Weighting weighting, Experts.Shared shared) throws CheckpointException {
        return of(config, numExperts, width, form, bias, router, weighting, shared, 0);
    }

    private static Experts of(Config config, int numExperts, int width, MlpForm form, Bias bias, Router router,
            Weighting weighting, Experts.Shared shared, int numIdentities) throws CheckpointException {
        try {
            return new Experts(numExperts, width, form, bias, router, weighting, shared, numIdentities);
        } catch (IllegalArgumentException e) {
            throw config.error("num_experts_per_tok", e.getMessage());
        }
    }
}
