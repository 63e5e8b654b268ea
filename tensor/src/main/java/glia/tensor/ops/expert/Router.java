package glia.tensor.ops.expert;

/// How a mixture-of-experts layer routes tokens: scores from the router's logits, the choice of the top k experts by
/// score, and the weights of their outputs, `w = scale · share(score[chosen])`.
///
/// @param numChosen k, the number of experts a token
/// @param score the function from logits to scores
/// @param correction whether a learned bias is added to the scores for the choice only
///        (https://arxiv.org/abs/2408.15664)
/// @param groups the experts that may be chosen
/// @param share the function from the chosen experts' scores to weights
/// @param scale the factor of all weights
/// @param jitter of `SPARSE_MIXER`: half of the share by which logits near a chosen one may be below it; else 0
public record Router(int numChosen, Score score, Correction correction, Groups groups, Share share, float scale,
        float jitter) {
    /// The function from a token's logits to scores. All of them increase with the logit.
    public enum Score {
        /// The logits.
        LOGIT,
        /// Softmax over all experts. https://arxiv.org/abs/1701.06538
        SOFTMAX,
        /// `σ(logit)`. https://arxiv.org/abs/2412.19437
        SIGMOID,
        /// `√ln(1 + exp(logit))`.
        ROOT_SOFTPLUS
    }

    /// Whether a learned bias corrects the scores for the choice.
    public enum Correction { NONE, LEARNED }

    /// The function from the chosen experts' scores to weights.
    public enum Share {
        /// The scores.
        AS_IS,
        /// Scores divided by their sum.
        NORMALIZED,
        /// Softmax over the chosen experts.
        SOFTMAX,
        /// A softmax for each chosen expert, over the experts with logits near its own that were not chosen before it.
        /// https://arxiv.org/abs/2409.12136
        SPARSE_MIXER
    }

    /// The experts that may be chosen.
    public sealed interface Groups {
        /// All experts.
        record All() implements Groups { }

        /// Group-limited routing: the experts of the `kept` best of `count` groups of neighbors.
        /// https://arxiv.org/abs/2405.04434
        record Best(int count, int kept, By by) implements Groups {
            public Best {
                if (count < 1 || kept < 1 || kept > count) {
                    throw new IllegalArgumentException("the best " + kept + " of " + count + " groups of experts");
                }
            }
        }
    }

    /// How groups are ranked.
    public enum By {
        /// By their best score.
        BEST,
        /// By the sum of their two best scores.
        BEST_TWO
    }

    public Router {
        if (numChosen < 1) {
            throw new IllegalArgumentException(numChosen + " experts for each token");
        }
        if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException("the scale of expert weights must be finite, not " + scale);
        }
        if (share == Share.SPARSE_MIXER ? !(jitter > 0 && jitter < 1) || score != Score.LOGIT : jitter != 0) {
            throw new IllegalArgumentException("weights of the kind " + share + " of " + score + " with jitter "
                    + jitter);
        }
    }

    /// Creates a router without jitter.
    public Router(int numChosen, Score score, Correction correction, Groups groups, Share share, float scale) {
        this(numChosen, score, correction, groups, share, scale, 0);
    }

    /// Creates a router without correction, groups or scale.
    public static Router plain(int numChosen, Score score, Share share) {
        return new Router(numChosen, score, Correction.NONE, new Groups.All(), share, 1);
    }

    /// Checks that there are enough experts.
    ///
    /// @throws IllegalArgumentException if not
    public void check(int numExperts) {
        int candidates = switch (groups) {
            case Groups.All all -> numExperts;
            case Groups.Best best when numExperts % best.count != 0 -> throw new IllegalArgumentException(
                    numExperts + " experts do not make " + best.count + " groups of one size");
            case Groups.Best best -> numExperts / best.count * best.kept;
        };
        if (numChosen > candidates) {
            throw new IllegalArgumentException(numChosen + " experts for each token out of " + candidates);
        }
    }
}
