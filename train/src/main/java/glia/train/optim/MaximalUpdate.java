package glia.train.optim;

import glia.model.Initialization;
import glia.model.MaximalUpdateFactors;
import glia.model.Model;
import glia.model.spec.Parameter;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Learning rates in the maximal update parametrization (µP, https://arxiv.org/abs/2203.03466): those of matrices
/// whose inputs grow with the width are divided by the width relative to the base. Weight decay is multiplied by it, so
/// that a step shrinks weights by the same share at each width, as the library `mup` does.
public final class MaximalUpdate {
    private MaximalUpdate() { }

    /// Splits groups by the factors of their learning rates. Groups that Muon updates stay as they are: its updates
    /// have the same spectral norm at each width.
    ///
    /// @param model the parameters, begun with these initial values
    /// @throws IllegalArgumentException if a rule is neither Muon nor like Adam, whose updates do not depend on the
    ///         size of gradients
    public static List<ParameterGroup> groups(Model model, Initialization.MaximalUpdate form,
            List<ParameterGroup> groups) {
        Map<Weight, Parameter> parameters = new IdentityHashMap<>();
        model.sources().keySet().forEach(p -> parameters.putIfAbsent(model.weights().get(p), p));
        List<ParameterGroup> split = new ArrayList<>();
        for (ParameterGroup group : groups) {
            if (isInvariant(group.rule())) {
                split.add(group);
                continue;
            }
            Map<Double, Map<String, Weight.Stored>> byFactor = new TreeMap<>();
            group.weights().forEach((name, w) -> {
                Parameter p = parameters.get(w);
                double factor = p == null ? 1 : MaximalUpdateFactors.rate(model.spec(), form, p, w.shape().length > 1);
                byFactor.computeIfAbsent(factor, f -> new LinkedHashMap<>()).put(name, w);
            });
            byFactor.forEach((factor, weights) -> split.add(new ParameterGroup(weights, group.rule(),
                    group.weightDecay() / factor, group.rateFactor() * factor)));
        }
        return split;
    }

    /// Whether the updates of a rule need no factor.
    private static boolean isInvariant(UpdateRule rule) {
        return switch (rule) {
            case Muon _ -> true;
            case AdamW _, Adamax _, NAdam _, RAdam _, RmsProp _, Adagrad _, Lion _ -> false;
            case Adafactor _, TorchAdafactor _, Sgd _ -> throw new IllegalArgumentException("µP gives the learning "
                    + "rates of Adam and similar rules, not of " + rule.name() + "; use adamw, lion or muon");
        };
    }
}
