package glia.model.family;

import glia.model.spec.Experts;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;

/// What the tensors of a mixture of experts are called on the hub: a matrix for each expert, or all experts stacked
/// `[X, rows, columns]`, gates above ups. A checkpoint may have either.
///
/// @param block the name of the mixture in a layer
/// @param gate the name of an expert's gate, likewise `up` and `down`
record ExpertNames(String block, String gate, String up, String down) {
    /// As most families have it.
    static final ExpertNames MLP = new ExpertNames("mlp", "gate_proj", "up_proj", "down_proj");
    /// Mixtral's.
    static final ExpertNames BLOCK_SPARSE = new ExpertNames("block_sparse_moe", "w1", "w3", "w2");

    /// Where a parameter of a mixture lies; the names of norms are the layer's.
    ///
    /// @param layer the name of the layer, with a dot at its end
    Source source(ModelSpec spec, Parameter p, String layer) {
        String at = layer + block + ".";
        return switch (p.role()) {
            case ROUTER -> new Source.Stored(at + "gate.weight", layer + "mlp.gate.weight");
            case ROUTER_CORRECTION -> new Source.Stored(at + "gate.e_score_correction_bias",
                    at + "e_score_correction_bias", layer + "mlp.gate.e_score_correction_bias");
            case SHARED_GATE -> shared(at, "gate_proj");
            case SHARED_UP -> shared(at, "up_proj");
            case SHARED_DOWN -> shared(at, "down_proj");
            case SHARED_SCALE -> new Source.Stored(at + "shared_expert_gate.weight");
            case GATE -> expert(spec, p, at, gate);
            case UP -> expert(spec, p, at, up);
            case DOWN -> expert(spec, p, at, down);
            default -> throw Standard.unknown(p);
        };
    }

    private static Source shared(String at, String name) {
        return new Source.Stored(at + "shared_experts." + name + ".weight", at + "shared_expert." + name + ".weight");
    }

    private Source expert(ModelSpec spec, Parameter p, String at, String name) {
        return new Source.Either(new Source.Stored(at + "experts." + p.expert() + "." + name + ".weight"),
                stacked((Experts) spec.mixer(p.place()), p, at + "experts."));
    }

    /// A matrix of an expert in `gate_up_proj [X, 2·I, D]` or `down_proj [X, D, I]`.
    static Source stacked(Experts experts, Parameter p, String at) {
        int width = experts.intermediateSize();
        int count = experts.numExperts();
        Source both = new Source.Slice(new Source.Stored(at + "gate_up_proj", at + "gate_up_proj.weight"), p.expert(),
                count);
        return switch (p.role()) {
            case GATE -> new Source.Rows(both, 0, width, 2 * width);
            case UP -> new Source.Rows(both, width, width, 2 * width);
            case DOWN -> new Source.Slice(new Source.Stored(at + "down_proj", at + "down_proj.weight"), p.expert(),
                    count);
            default -> throw Standard.unknown(p);
        };
    }
}
