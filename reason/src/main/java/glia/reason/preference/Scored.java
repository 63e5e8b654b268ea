package glia.reason.preference;

import glia.tensor.autograd.Value;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// The loss of a batch of preferences with the rewards that the policy implies.
///
/// @param loss a single number
/// @param chosenRewards of chosen or desirable completions
/// @param rejectedRewards of rejected or undesirable completions
/// @param figures further figures by name, such as `kl`
public record Scored(Value loss, double[] chosenRewards, double[] rejectedRewards, Map<String, Double> figures) {
    public Scored {
        figures = Map.copyOf(figures);
    }

    /// The means of rewards, their margin, for pairs the share of pairs whose chosen completion has the higher reward,
    /// and the further figures.
    ///
    /// @param arePairs whether the i-th chosen and rejected completions belong together
    public Map<String, Double> all(boolean arePairs) {
        Map<String, Double> all = rewards(chosenRewards, rejectedRewards, arePairs);
        all.putAll(figures);
        return all;
    }

    /// The means of rewards, their margin, and for pairs their accuracy.
    public static Map<String, Double> rewards(double[] chosenRewards, double[] rejectedRewards, boolean arePairs) {
        Map<String, Double> all = new LinkedHashMap<>();
        if (chosenRewards.length > 0) {
            all.put("rewards/chosen", mean(chosenRewards));
        }
        if (rejectedRewards.length > 0) {
            all.put("rewards/rejected", mean(rejectedRewards));
        }
        if (chosenRewards.length > 0 && rejectedRewards.length > 0) {
            all.put("rewards/margins", mean(chosenRewards) - mean(rejectedRewards));
        }
        if (arePairs && chosenRewards.length > 0) {
            double higher = 0;
            for (int i = 0; i < chosenRewards.length; i++) {
                higher += chosenRewards[i] > rejectedRewards[i] ? 1 : 0;
            }
            all.put("rewards/accuracies", higher / chosenRewards.length);
        }
        return all;
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double x : values) {
            sum += x;
        }
        return sum / values.length;
    }

    /// The values of a column times a factor.
    public static double[] values(Value column, double factor) {
        return Arrays.stream(column.numbers()).map(x -> factor * x).toArray();
    }

    /// The values of some rows.
    public static double[] pick(double[] values, boolean[] where, boolean wanted) {
        int count = 0;
        double[] picked = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            if (where[i] == wanted) {
                picked[count++] = values[i];
            }
        }
        return Arrays.copyOf(picked, count);
    }
}
