package glia.reason.reward;

import glia.tensor.Hash;
import java.util.List;
import java.util.OptionalDouble;

/// A reward that says nothing about the completion: 1 with a probability, else 0. It is a control: what a run learns
/// from it, it has not learned from right answers (Shao et al. 2025, https://arxiv.org/abs/2506.10947).
///
/// It is a function of the random seed and the completion's place in the run, so equal completions may have different
/// rewards and a resumed run repeats them. Outside of a run it is a function of prompt and completion.
final class RandomReward {
    private static final int BITS = 53;

    private RandomReward() { }

    static NamedReward named() {
        return new NamedReward("random", "a control: 1 with a probability, else 0, whatever the completion is", List.of(
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
