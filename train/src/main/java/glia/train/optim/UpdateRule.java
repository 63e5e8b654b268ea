package glia.train.optim;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// The rule by which an optimizer changes one parameter. A rule holds only hyperparameters; its state (moments,
/// momentum buffers) lies in tensors that the [Optimizer] owns, saves and restores.
public sealed interface UpdateRule permits AdamW, Adamax, Adagrad, Adafactor, TorchAdafactor, Lion, Muon, NAdam,
        RAdam, RmsProp, Sgd {
    /// The name as recipes spell it, such as `adamw`.
    default String name() {
        return getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    /// The state tensors of a parameter of this shape: their names and shapes. All are F32 and start as zeros.
    Map<String, long[]> state(long[] shape);

    /// State tensors of a parameter's own shape, in a map that may grow.
    static Map<String, long[]> tensors(long[] shape, String... names) {
        Map<String, long[]> state = new LinkedHashMap<>();
        for (String name : names) {
            state.put(name, shape);
        }
        return state;
    }

    /// Whether the rule can update a parameter of this shape.
    default boolean accepts(long[] shape) {
        return true;
    }

    /// Whether each element is updated by itself, so that a part of a parameter may be.
    default boolean isElementwise() {
        return true;
    }

    /// Changes the parameter in place.
    void apply(ParameterUpdate u);
}
