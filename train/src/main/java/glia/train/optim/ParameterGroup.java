package glia.train.optim;

import glia.tensor.ops.Weight;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// Parameters that share a rule and its settings.
///
/// @param weights by the name under which their state is saved
/// @param rateFactor factor of the learning rate
public record ParameterGroup(Map<String, Weight.Stored> weights, UpdateRule rule, double weightDecay,
        double rateFactor) {
    /// @throws IllegalArgumentException if the rule cannot update one of the parameters
    public ParameterGroup {
        weights = Collections.unmodifiableMap(new LinkedHashMap<>(weights));
        Checks.notNegative("weight decay", weightDecay);
        Checks.notNegative("factor of the learning rate", rateFactor);
        weights.forEach((name, w) -> {
            if (!rule.accepts(w.shape())) {
                throw new IllegalArgumentException(rule.name() + " updates matrices only; " + name + " has the shape "
                        + Arrays.toString(w.shape()));
            }
        });
    }
}
