package glia.train.optim;

import glia.model.Model;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.ops.Weight;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/// Divides the parameters of a model among rules and weight decays as is usual: only matrices decay, and only matrices
/// inside of the layers are updated by a rule for matrices, such as [Muon].
public final class ParameterGroups {
    private static final Set<Role> NOT_HIDDEN = Set.of(Role.EMBEDDING, Role.LAYER_EMBEDDING, Role.POSITIONS,
            Role.ENCODER_POSITIONS, Role.SEGMENTS, Role.HEAD, Role.CONVOLUTION);

    private ParameterGroups() { }

    /// The trainable parameters of a model by name, each once.
    ///
    /// @throws IllegalArgumentException if one of them is not one plain tensor
    public static Map<String, Weight.Stored> weights(Model model, Predicate<Weight> trainable) {
        Map<String, Weight.Stored> weights = new LinkedHashMap<>();
        parameters(model, trainable).forEach((p, w) -> weights.put(p.toString(), w));
        return weights;
    }

    private static Map<Parameter, Weight.Stored> parameters(Model model, Predicate<Weight> trainable) {
        Map<Parameter, Weight.Stored> parameters = new LinkedHashMap<>();
        Set<Weight> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Parameter p : model.sources().keySet()) {
            Weight w = model.weights().get(p);
            // What has no gradient must not decay.
            if (model.spec().isFixed(p) || !trainable.test(w) || !seen.add(w)) {
                continue;
            }
            if (!(w instanceof Weight.Stored stored)) {
                throw new IllegalArgumentException(model.storedName(p) + " is stored as " + w.format()
                        + " and cannot be updated; train an adapter, or load the model with copies");
            }
            parameters.put(p, stored);
        }
        return parameters;
    }

    /// All trainable parameters of a model with one rule; matrices decay, vectors do not.
    public static List<ParameterGroup> of(Model model, Predicate<Weight> trainable, UpdateRule rule,
            double weightDecay) {
        return of(model, trainable, rule, rule, weightDecay);
    }

    /// Matrices of the layers with one rule; embeddings, head, convolutions, tensors of more dimensions and vectors
    /// with another.
    ///
    /// @throws IllegalArgumentException if a trainable parameter is not one plain tensor
    public static List<ParameterGroup> of(Model model, Predicate<Weight> trainable, UpdateRule forHidden,
            UpdateRule forOthers, double weightDecay) {
        Map<String, Weight.Stored> hidden = new LinkedHashMap<>();
        Map<String, Weight.Stored> others = new LinkedHashMap<>();
        Map<String, Weight.Stored> vectors = new LinkedHashMap<>();
        parameters(model, trainable).forEach((p, w) -> {
            Map<String, Weight.Stored> group = w.shape().length < 2 ? vectors
                    : w.shape().length > 2 || NOT_HIDDEN.contains(p.role()) ? others : hidden;
            group.put(p.toString(), w);
        });
        List<ParameterGroup> groups = new ArrayList<>();
        add(groups, hidden, forHidden, weightDecay);
        add(groups, others, forOthers, weightDecay);
        add(groups, vectors, forOthers, 0);
        return groups;
    }

    private static void add(List<ParameterGroup> groups, Map<String, Weight.Stored> weights, UpdateRule rule,
            double decay) {
        if (!weights.isEmpty()) {
            groups.add(new ParameterGroup(weights, rule, decay, 1));
        }
    }
}
