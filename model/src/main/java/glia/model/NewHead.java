package glia.model;

import java.util.List;

/// A classification head with initial values for the body of another model.
///
/// @param labels the names of the classes; one for a reward model
/// @param seed the random seed of the initial values
public record NewHead(List<String> labels, long seed) {
    public NewHead {
        labels = List.copyOf(labels);
        if (labels.isEmpty()) {
            throw new IllegalArgumentException("a classification head without labels");
        }
    }
}
