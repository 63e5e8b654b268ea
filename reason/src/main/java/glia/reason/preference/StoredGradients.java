package glia.reason.preference;

import glia.train.check.Comparison;
import glia.train.check.ReferenceCase;
import java.util.HashMap;
import java.util.Map;

/// Compares gradients with those of a reference, which adds up the gradients of the cases of a batch where it shares
/// the tensor and does not clear them: a stored gradient is that of its case, or the sum so far.
final class StoredGradients {
    /// The sums so far, by batch and precision.
    private final Map<String, double[]> sums = new HashMap<>();

    /// Compares a gradient.
    ///
    /// @param gradient of the case alone
    /// @param expected the stored one
    void compare(ReferenceCase c, Comparison comparison, String name, double[] gradient, double[] expected) {
        String key = c.json().path("batch").asString("") + ' ' + c.json().path("dtype").asString("");
        double[] sum = sums.computeIfAbsent(key, k -> new double[gradient.length]);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += gradient[i];
        }
        comparison.values(name, distance(sum, expected) < distance(gradient, expected) ? sum : gradient, expected,
                Comparison.F32);
    }

    private static double distance(double[] a, double[] b) {
        double most = 0;
        for (int i = 0; i < Math.min(a.length, b.length); i++) {
            most = Math.max(most, Math.abs(a[i] - b[i]));
        }
        return most;
    }
}
