package glia.reason.reward;

import glia.io.Suggestions;
import java.util.List;
import java.util.Map;
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
}
