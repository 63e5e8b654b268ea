package glia.reason.policy.advantage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Statistics of rewards, without those that are NaN.
final class Groups {
    private Groups() { }

    /// The members of each group whose reward is a number, in their order.
    static List<int[]> members(int[] groups, double[] rewards) {
        Map<Integer, List<Integer>> members = new LinkedHashMap<>();
        for (int i = 0; i < groups.length; i++) {
            if (!Double.isNaN(rewards[i])) {
                members.computeIfAbsent(groups[i], g -> new ArrayList<>()).add(i);
            }
        }
        return members.values().stream().map(list -> list.stream().mapToInt(i -> i).toArray()).toList();
    }

    /// The rewards of some completions.
    static double[] pick(double[] rewards, int[] members) {
        double[] some = new double[members.length];
        for (int i = 0; i < some.length; i++) {
            some[i] = rewards[members[i]];
        }
        return some;
    }

    /// The mean, which is exactly the number if all are equal; NaN without numbers.
    static double mean(double[] numbers) {
        if (numbers.length == 0) {
            return Double.NaN;
        }
        double sum = 0;
        for (double x : numbers) {
            sum += x - numbers[0];
        }
        return numbers[0] + sum / numbers.length;
    }

    /// The standard deviation with n - 1; NaN for fewer than two numbers.
    static double std(double[] numbers) {
        double mean = mean(numbers);
        double sum = 0;
        for (double x : numbers) {
            sum += (x - mean) * (x - mean);
        }
        return numbers.length < 2 ? Double.NaN : Math.sqrt(sum / (numbers.length - 1));
    }

    /// The numbers that are not NaN.
    static double[] numbers(double[] all) {
        return Arrays.stream(all).filter(x -> !Double.isNaN(x)).toArray();
    }
}
