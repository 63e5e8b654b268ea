package glia.reason.reward;

import glia.reason.reward.RewardOptions.RewardOption;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/// Rewards of a completion's length.
final class LengthRewards {
    private enum Unit { TOKENS, WORDS, CHARACTERS }

    private LengthRewards() { }

    static List<NamedReward> all() {
        return List.of(
                new NamedReward("length", "1 if the length lies within [min, max], falling linearly to 0 outside",
                        List.of(
                        new RewardOption("min", "0", "least length"),
                        new RewardOption("max", "", "greatest length (default: no limit)"),
                        new RewardOption("margin", "0", "distance from the bounds at which the score reaches 0"),
                        new RewardOption("unit", "tokens", "tokens, words or characters")), LengthRewards::length),
                new NamedReward("overlong", "0 up to max_length - buffer tokens, then linear to -1 at max_length",
                        List.of(new RewardOption("max_length", "", "tokens at which the score is -1"),
                                new RewardOption("buffer", "0", "tokens over which it falls")),
                        LengthRewards::overlong),
                new NamedReward("cosine", "a correct answer scores more if short, a wrong one more if long", List.of(
                        new RewardOption("of", "math", "reward that decides what is correct (at least 0.5): a name, "
                                + "or a mapping with name and options"),
                        new RewardOption("max_length", "", "tokens from which the length counts as the greatest"),
                        new RewardOption("wrong_short", "-1", "score of an empty wrong answer"),
                        new RewardOption("wrong_long", "-0.5", "score of the longest wrong answer"),
                        new RewardOption("correct_short", "1", "score of an empty correct answer"),
                        new RewardOption("correct_long", "0.5", "score of the longest correct answer")),
                        LengthRewards::cosine));
    }

    private static Reward length(RewardOptions options) {
        double least = options.number("min", 0, 0);
        double greatest = options.has("max") ? options.number("max", 0, least) : Double.POSITIVE_INFINITY;
        double margin = options.number("margin", 0, 0);
        Unit unit = options.choice("unit", Unit.TOKENS);
        return sample -> {
            double length = switch (unit) {
                case TOKENS -> sample.tokens();
                case WORDS -> FormatRewards.words(sample.completion()).size();
                case CHARACTERS -> sample.completion().codePointCount(0, sample.completion().length());
            };
            double outside = Math.max(0, Math.max(least - length, length - greatest));
            return OptionalDouble.of(outside == 0 ? 1 : margin == 0 ? 0 : Math.max(0, 1 - outside / margin));
        };
    }

    private static Reward overlong(RewardOptions options) {
        int max = options.requiredInteger("max_length", 1);
        int buffer = options.integer("buffer", 0, 0);
        if (buffer > max) {
            throw options.error("buffer", buffer, "at most max_length, " + max);
        }
        return sample -> OptionalDouble.of(overlong(sample.tokens(), max, buffer));
    }

    /// Soft overlong punishment: 0 for n ≤ L − c, (L − c − n) / c for n ≤ L, else −1. A buffer c of 0 is a step at L.
    /// Source: [DAPO](https://arxiv.org/abs/2503.14476), equation 13; checked against TRL's
    /// `get_soft_overlong_punishment`.
    static double overlong(int length, int max, int buffer) {
        return length <= max - buffer ? 0 : length <= max ? (double) (max - buffer - length) / buffer : -1;
    }

    private static Reward cosine(RewardOptions options) {
        Reward correct = CombinedRewards.nested(options.value("of").isPresent() ? options.mapping("of")
                : Map.of("name", "math"));
        int max = options.requiredInteger("max_length", 1);
        double wrongShort = options.number("wrong_short", -1);
        double wrongLong = options.number("wrong_long", -0.5);
        double correctShort = options.number("correct_short", 1);
        double correctLong = options.number("correct_long", 0.5);
        return sample -> {
            OptionalDouble right = correct.score(sample);
            return right.isEmpty() ? right : OptionalDouble.of(right.getAsDouble() >= 0.5
                    ? cosine(sample.tokens(), max, correctShort, correctLong)
                    : cosine(sample.tokens(), max, wrongShort, wrongLong));
        };
    }

    /// A half cosine from the score of length 0 to the score of length `max`; longer completions score like `max`.
    /// Source: Yeo et al. 2025, [Demystifying long chain-of-thought reasoning](https://arxiv.org/abs/2502.03373);
    /// checked against TRL's `get_cosine_scaled_reward`.
    static double cosine(int length, int max, double atZero, double atMax) {
        double progress = (double) Math.min(length, max) / max;
        return atMax + 0.5 * (atZero - atMax) * (1 + Math.cos(Math.PI * progress));
    }
}
