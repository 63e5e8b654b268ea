package glia.train.expert;

import glia.model.Model;
import glia.model.spec.Parameter;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.ops.Weight;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// Load balancing without an auxiliary loss (https://arxiv.org/abs/2408.15664): after each step the bias that corrects
/// an expert's score for the choice moves by γ towards balance, `b_e ← b_e + γ · sign(mean(load) - load_e)`. The bias
/// does not enter the weights of the experts' outputs, so it has no gradient.
public final class ExpertBias {
    private final Map<Place, Weight.Stored> biases = new LinkedHashMap<>();
    private final double step;

    /// @param step γ
    /// @throws IllegalArgumentException if the model's routers have no bias, or it cannot be changed
    public ExpertBias(Model model, double step) {
        this.step = step;
        for (Parameter p : model.sources().keySet()) {
            if (p.role() == Role.ROUTER_CORRECTION) {
                if (!(model.weights().get(p) instanceof Weight.Stored w) || w.tensor().dtype() != DType.F32) {
                    throw new IllegalArgumentException(model.storedName(p) + " is stored as "
                            + model.weights().get(p).format() + ", expected F32; load the model with copies");
                }
                biases.put(p.place(), w);
            }
        }
        if (biases.isEmpty()) {
            throw new IllegalArgumentException("routers of the family " + model.spec().modelType() + " have no bias "
                    + "that corrects the choice of experts; use the load-balancing loss instead");
        }
    }

    /// Moves the biases of a layer.
    ///
    /// @param loads how often each expert was chosen in the step
    void update(Place place, long[] loads) {
        Weight.Stored bias = biases.get(place);
        if (bias == null) {
            return;
        }
        long sum = Arrays.stream(loads).sum();
        bias.update(b -> {
            for (int e = 0; e < loads.length; e++) {
                b.set(e, (float) (b.get(e) + step * Long.signum(sum - loads[e] * loads.length)));
            }
        });
    }
}
