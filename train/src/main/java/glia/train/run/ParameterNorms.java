package glia.train.run;

import glia.engine.training.TrainingPass;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.train.optim.GradientNorm;
import glia.train.optim.ParameterGroup;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// The norms of trainable parameters and of their gradients, by `weight_norm/NAME` and `gradient_norm/NAME`.
public final class ParameterNorms implements Supplier<Map<String, Double>> {
    private final Kernels kernels;
    private final TrainingPass pass;
    private final List<ParameterGroup> groups;

    /// @param groups the parameters
    public ParameterNorms(Kernels kernels, TrainingPass pass, List<ParameterGroup> groups) {
        this.kernels = kernels;
        this.pass = pass;
        this.groups = List.copyOf(groups);
    }

    @Override
    public Map<String, Double> get() {
        Map<String, Double> norms = new LinkedHashMap<>();
        for (ParameterGroup group : groups) {
            group.weights().forEach((name, w) -> {
                norms.put("weight_norm/" + name, GradientNorm.of(kernels, List.of(w.tensor())));
                Optional<Tensor> gradient = pass.weightGradients().find((Weight) w);
                gradient.ifPresent(g -> norms.put("gradient_norm/" + name, GradientNorm.of(kernels, List.of(g))));
            });
        }
        return norms;
    }
}
