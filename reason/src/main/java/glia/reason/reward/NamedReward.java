package glia.reason.reward;

import java.util.List;
import java.util.function.Function;

/// A reward that recipes and commands know by name.
///
/// @param name its name, such as `exact_match`
/// @param help one line without a final stop: what it scores and in which range
/// @param options the options it reads
/// @param factory makes the reward from option values
public record NamedReward(String name, String help, List<RewardOptions.RewardOption> options,
        Function<RewardOptions, Reward> factory) {
    public NamedReward {
        options = List.copyOf(options);
    }

    /// The names of the options.
    public List<String> optionNames() {
        return options.stream().map(RewardOptions.RewardOption::name).toList();
    }
}
