package glia.tensor.ops.expert;

/// How a token finds its experts: scores from the router's logits, the choice of a few experts by their scores, and
/// what the outputs of the chosen ones are weighted with, `w = scale · share(score[chosen])`.
///
/// @param numChosen k, the experts of a token
/// @param score what becomes of a logit
/// @param correction whether a learned bias is added to the scores for the choice, and only for it
///        (https://arxiv.org/abs/2408.15664)
/// @param groups which experts may be chosen
/// @param share what becomes of the scores of the chosen experts
/// @param scale what shares are multiplied with
public record Router(int numChosen, Score score, Correction correction, Groups groups, Share share, float scale) {
    /// What becomes of the logits of a token. All of these grow with the logit.
    public enum Score {
        /// Logits as they are.
        LOGIT,
        /// Softmax over all experts. https://arxiv.org/abs/1701.06538
        SOFTMAX,
        /// `σ(logit)`. https://arxiv.org/abs/2412.19437
        SIGMOID,
        /// `√ln(1 + exp(logit))`
        ROOT_SOFTPLUS
    }

    /// Whether scores are corrected before the choice.
    public enum Correction { NONE, LEARNED }

    /// What becomes of the scores of the chosen experts.
    public enum Share {
        /// Scores as they are.
        AS_IS,
        /// Divided by their sum.
        NORMALIZED,
        /// Softmax over the chosen experts.
        SOFTMAX
    }

    /// Which experts may be chosen.
    public sealed interface Groups {
        /// Any.
        record All() implements Groups { }

        /// Those of the `kept` best of `count` groups of neighbors. https://arxiv.org/abs/2405.04434
        record Best(int count, int kept, By by) implements Groups {
            public Best {
                if (count < 1 || kept < 1 || kept > count) {
                    throw new IllegalArgumentException("the best " + kept + " of " + count + " groups of experts");
                }
            }
        }
    }

    /// How good a group is.
    public enum By {
        /// Its best score.
        BEST,
        /// The sum of its two best scores.
        BEST_TWO
    }

    public Router {
        if (numChosen < 1) {
            throw new IllegalArgumentException(numChosen + " experts for each token");
        }
        if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException("weights of experts times " + scale);
        }
    }

    /// Without correction, groups or scale.
    public static Router plain(int numChosen, Score score, Share share) {
        return new Router(numChosen, score, Correction.NONE, new Groups.All(), share, 1);
    }

    /// Checks that there are experts enough for every choice.
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
