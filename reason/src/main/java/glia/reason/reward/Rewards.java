package glia.reason.reward;

import glia.io.Suggestions;
import glia.reason.reward.RewardOptions.RewardOption;
import glia.tensor.Hash;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/// The rewards that have names.
///
/// ```java
/// Reward correct = Rewards.named("math", Map.of("field", "answer"));
/// Reward both = Rewards.named("weighted", Map.of("of", List.of(
///         Map.of("name", "math"), Map.of("name", "think_format", "weight", 0.2))));
/// ```
public final class Rewards {
    private static final List<NamedReward> ALL = Stream.of(AnswerRewards.all(), FormatRewards.all(),
            LengthRewards.all(), CombinedRewards.all(), ExternalReward.all(), List.of(RandomReward.named(),
            CodeReward.named(), JsonSchemaReward.named(), PromptOverlap.named(), ModelReward.named()))
            .flatMap(List::stream).toList();

    private Rewards() { }

    /// All named rewards with their options and help.
    public static List<NamedReward> all() {
        return ALL;
    }

    /// Makes a reward with default options.
    ///
    /// @throws IllegalArgumentException if there is none of this name, or one of its options has no default
    public static Reward named(String name) {
        return named(name, Map.of());
    }

    /// Makes a reward.
    ///
    /// @param options values by option name
    /// @throws IllegalArgumentException if there is no reward of this name, or an option is unknown, missing or has a
    ///     wrong value; the message names it and suggests similar names
    public static Reward named(String name, Map<String, ?> options) {
        List<String> known = ALL.stream().map(NamedReward::name).toList();
        NamedReward reward = ALL.stream().filter(r -> r.name().equals(name)).findFirst()
                .orElseThrow(() -> {
                    String hint = Suggestions.sentence(name, known);
                    return new IllegalArgumentException("there is no reward " + name + "."
                            + (hint.isEmpty() ? " Those that have names are " + String.join(", ", known) : hint));
                });
        return reward.factory().apply(new RewardOptions(name, reward.optionNames(), options));
    }

    /// A reward that says nothing about the completion: 1 with a probability, else 0. It is a control: what a run
    /// learns from it, it has not learned from right answers (Shao et al. 2025, https://arxiv.org/abs/2506.10947).
    ///
    /// It is a function of the random seed and the completion's place in the run, so equal completions may have
    /// different rewards and a resumed run repeats them. Outside of a run it is a function of prompt and completion.
    static final class RandomReward {
        private static final int BITS = 53;

        private RandomReward() { }

        static NamedReward named() {
            return new NamedReward("random", "a control: 1 with a probability, else 0, whatever the completion is",
                    List.of(
                    new RewardOption("probability", "0.5", "of the score 1"),
                    new RewardOption("seed", "0", "random seed")), RandomReward::random);
        }

        private static Reward random(RewardOptions options) {
            double probability = options.number("probability", 0.5, 0);
            if (probability > 1) {
                throw options.error("probability", probability, "a number of at most 1");
            }
            int seed = options.integer("seed", 0, 0);
            return sample -> {
                long place = sample.place() != 0 ? sample.place()
                        : Hash.of(sample.prompt().hashCode(), sample.completion().hashCode());
                double fraction = (Hash.of(seed, place) >>> Long.SIZE - BITS) * 0x1p-53;
                return OptionalDouble.of(fraction < probability ? 1 : 0);
            };
        }
    }
}
