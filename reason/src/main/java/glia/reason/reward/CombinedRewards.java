package glia.reason.reward;

import glia.reason.reward.RewardOptions.RewardOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/// Rewards made of others.
final class CombinedRewards {
    private CombinedRewards() { }

    static List<NamedReward> all() {
        return List.of(new NamedReward("weighted", "the weighted sum of rewards; those that do not apply do not count",
                List.of(new RewardOption("of", "", "list of rewards, each a name or a mapping with name, options and "
                        + "weight (default: 1)")), CombinedRewards::weighted));
    }

    /// The reward of a mapping with its `name` and options.
    static Reward nested(Map<String, Object> mapping) {
        Map<String, Object> options = new LinkedHashMap<>(mapping);
        if (!(options.remove("name") instanceof String name)) {
            throw new IllegalArgumentException("found " + RewardOptions.shown(mapping) + ", expected a mapping with "
                    + "the name of a reward, such as {name: math}");
        }
        return Rewards.named(name, options);
    }

    private static Reward weighted(RewardOptions options) {
        List<Double> weights = new ArrayList<>();
        List<Reward> rewards = new ArrayList<>();
        for (Map<String, Object> one : options.mappings("of")) {
            Map<String, Object> rest = new LinkedHashMap<>(one);
            Object weight = rest.remove("weight");
            if (weight != null && !(weight instanceof Number n && Double.isFinite(n.doubleValue()))) {
                throw options.error("of", weight, "a number as weight");
            }
            weights.add(weight == null ? 1.0 : ((Number) weight).doubleValue());
            rewards.add(nested(rest));
        }
        return weighted(rewards, weights);
    }

    /// Σ wᵢ·rᵢ over the rewards that apply; empty if none does.
    static Reward weighted(List<Reward> rewards, List<Double> weights) {
        return new Weighted(rewards, weights);
    }

    private record Weighted(List<Reward> rewards, List<Double> weights) implements Reward {
        @Override
        public OptionalDouble score(Sample sample) {
            double sum = 0;
            boolean any = false;
            for (int i = 0; i < rewards.size(); i++) {
                OptionalDouble score = rewards.get(i).score(sample);
                any |= score.isPresent();
                sum += score.isPresent() ? weights.get(i) * score.getAsDouble() : 0;
            }
            return any ? OptionalDouble.of(sum) : OptionalDouble.empty();
        }

        @Override
        public Duration timeLimit() {
            return rewards.stream().map(Reward::timeLimit).max(Duration::compareTo)
                    .orElse(ContainedReward.DEFAULT_LIMIT);
        }

        @Override
        public void close() {
            rewards.forEach(Reward::close);
        }
    }
}
