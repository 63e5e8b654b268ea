package glia.tensor.ops.expert;

import glia.tensor.ops.Weight;
import java.util.List;

/// The weights of one linear map for all experts.
///
/// @param weights one `[R, K]` for each expert; empty if the experts do not have this map
/// @param biases one `[R]` for each expert, or empty
public record ExpertLinear(List<Weight> weights, List<Weight> biases) {
    /// No map.
    public static final ExpertLinear NONE = new ExpertLinear(List.of(), List.of());

    public ExpertLinear {
        weights = List.copyOf(weights);
        biases = List.copyOf(biases);
        if (!biases.isEmpty() && biases.size() != weights.size()) {
            throw new IllegalArgumentException(biases.size() + " biases for " + weights.size() + " experts");
        }
    }

    /// R, the outputs of an expert's map.
    int outputs() {
        return weights.getFirst().rows();
    }

    /// K, the inputs of an expert's map.
    int inputs() {
        return weights.getFirst().cols();
    }
}
