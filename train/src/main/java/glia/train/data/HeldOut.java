package glia.train.data;

import java.util.ArrayList;
import java.util.List;

/// Examples split into those for training and those for validation, which are spread evenly: files may be sorted, for
/// example by label.
///
/// @param training at least one
/// @param validation others, in their order
public record HeldOut<T>(List<T> training, List<T> validation) {
    /// Splits examples: of n, `round(n · share)` are for validation, but not all.
    ///
    /// @param share of the examples for validation, below 1
    public static <T> HeldOut<T> of(List<T> examples, double share) {
        List<T> training = new ArrayList<>();
        List<T> validation = new ArrayList<>();
        for (int i = 0; i < examples.size(); i++) {
            boolean isHeld = Math.round((i + 1) * share) > Math.round(i * share)
                    && validation.size() < examples.size() - 1;
            (isHeld ? validation : training).add(examples.get(i));
        }
        return new HeldOut<>(List.copyOf(training), List.copyOf(validation));
    }
}
