package glia.train.run;

import glia.engine.training.TrainingPass;
import glia.model.Model;
import glia.model.spec.Parameter;
import glia.model.spec.Sublayer;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.train.optim.GradientNorm;
import glia.train.optim.ParameterGroup;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// The norms of trainable parameters and of their gradients, by `weight_norm/NAME` and `gradient_norm/NAME`.
public final class ParameterNorms implements Supplier<Map<String, Double>> {
    private final Kernels kernels;
    private final TrainingPass pass;
    private final List<ParameterGroup> groups;
    private final Map<String, String> labels;

    /// @param groups the parameters
    public ParameterNorms(Kernels kernels, TrainingPass pass, List<ParameterGroup> groups) {
        this(kernels, pass, groups, Map.of());
    }

    private ParameterNorms(Kernels kernels, TrainingPass pass, List<ParameterGroup> groups,
            Map<String, String> labels) {
        this.kernels = kernels;
        this.pass = pass;
        this.groups = List.copyOf(groups);
        this.labels = labels;
    }

    /// Names parameters by their layer and its kind: `QUERY of layer 3 attention`.
    public ParameterNorms labelledBy(Model model) {
        return new ParameterNorms(kernels, pass, groups, labels(model));
    }

    static Map<String, String> labels(Model model) {
        Map<String, String> labels = new LinkedHashMap<>();
        Map<String, Integer> sublayers = new HashMap<>();
        for (Parameter p : model.sources().keySet()) {
            if (p.sublayer() >= 0) {
                Sublayer s = model.spec().sublayer(p);
                String kind = s.mixer().getClass().getSimpleName().replaceAll("(?<=[a-z])(?=[A-Z])", " ");
                String layer = "layer " + s.layer() + " " + kind.toLowerCase(Locale.ROOT);
                // Two sublayers may have one name, as those of an encoder and a decoder: these keep their numbers.
                if (sublayers.computeIfAbsent(layer, l -> p.sublayer()) == p.sublayer()) {
                    labels.put(p.toString(), p.role() + (p.expert() < 0 ? "" : " of expert " + p.expert()) + " of "
                            + layer);
                }
            }
        }
        return labels;
    }

    @Override
    public Map<String, Double> get() {
        Map<String, Double> norms = new LinkedHashMap<>();
        for (ParameterGroup group : groups) {
            group.weights().forEach((parameter, w) -> {
                String name = labels.getOrDefault(parameter, parameter);
                norms.put("weight_norm/" + name, GradientNorm.of(kernels, List.of(w.tensor())));
                Optional<Tensor> gradient = pass.weightGradients().find((Weight) w);
                gradient.ifPresent(g -> norms.put("gradient_norm/" + name, GradientNorm.of(kernels, List.of(g))));
            });
        }
        return norms;
    }
}
