package glia.reason.trace;

import glia.io.Suggestions;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The mix of qualities of traces.
///
/// @param weights of the strategies; those that are absent do not occur
/// @param verify share of traces that verify their answer
/// @param slips probability of a wrong result of a calculation
/// @param attempts most attempts of a trace
public record TraceOptions(Map<Strategy, Double> weights, double verify, double slips, int attempts) {
    /// All strategies, the better ones more often; every fourth trace verifies; few slips; at most 8 attempts.
    public static final TraceOptions MIXED = new TraceOptions(Map.of(Strategy.GUESS, 1.0, Strategy.RANDOM, 3.0,
            Strategy.ORDERED, 3.0, Strategy.PRUNED, 3.0), 0.25, 0.01, 8);

    /// @throws IllegalArgumentException if a number is out of its range
    public TraceOptions {
        weights = Map.copyOf(weights);
        double total = weights.values().stream().mapToDouble(Double::doubleValue).sum();
        if (!(total > 0) || Double.isInfinite(total) || weights.values().stream().anyMatch(w -> w < 0)) {
            throw new IllegalArgumentException("found the weights " + weights + " of strategies, expected positive "
                    + "numbers, or 0 for strategies that do not occur");
        }
        requireShare("verify", verify);
        requireShare("slips", slips);
        if (attempts < 1) {
            throw new IllegalArgumentException("found " + attempts + " attempts, expected 1 at least");
        }
    }

    private static void requireShare(String name, double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("found " + name + " " + share + ", expected a share from 0 to 1");
        }
    }

    /// The same with other weights, given as `STRATEGY`, or as `STRATEGY:WEIGHT` with commas: `random:3,pruned:1`.
    ///
    /// @throws IllegalArgumentException if there is no such strategy, or a weight is not a number from 0 up
    public TraceOptions withQuality(String text) {
        Map<Strategy, Double> parsed = new EnumMap<>(Strategy.class);
        for (String part : text.split(",", -1)) {
            String[] pair = part.strip().split(":", -1);
            Strategy strategy = strategy(pair[0]);
            if (pair.length > 2 || pair.length == 2 && !pair[1].matches("\\d{1,6}(\\.\\d{1,6})?")) {
                throw new IllegalArgumentException("'" + part + "' has no weight that is a number, such as "
                        + pair[0] + ":2");
            }
            if (parsed.put(strategy, pair.length == 1 ? 1.0 : Double.parseDouble(pair[1])) != null) {
                throw new IllegalArgumentException("'" + text + "' has the strategy " + pair[0] + " twice");
            }
        }
        return new TraceOptions(parsed, verify, slips, attempts);
    }

    private static Strategy strategy(String word) {
        List<String> words = Arrays.stream(Strategy.values()).map(s -> s.name().toLowerCase(Locale.ROOT)).toList();
        int index = words.indexOf(word);
        if (index < 0) {
            throw new IllegalArgumentException("'" + word + "' is not a strategy; expected " + String.join(", ", words)
                    + "." + Suggestions.sentence(word, words));
        }
        return Strategy.values()[index];
    }

    /// The same with other shares and attempts.
    public TraceOptions with(double newVerify, double newSlips, int newAttempts) {
        return new TraceOptions(weights, newVerify, newSlips, newAttempts);
    }
}
