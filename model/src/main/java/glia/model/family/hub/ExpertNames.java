package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Experts;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;

/// The names of the tensors of a mixture of experts on the hub: a matrix per expert, or stacked experts. A checkpoint
/// may have either. New checkpoints have the first names, those of the family's published files, which Transformers
/// reads: stacks if inputs are first.
///
/// @param block the name of the mixture in a layer
/// @param router the name of its router
/// @param gate the name of an expert's gate; `up` and `down` likewise
/// @param stack the layout of stacked experts
public record ExpertNames(String block, String router, String gate, String up, String down, Stack stack) {
    /// The layout of `gate_up_proj` and `down_proj` for X experts.
    public enum Stack {
        /// `[X, 2·I, D]`, gates above ups, and `[X, D, I]`.
        OUTPUTS_FIRST,
        /// `[X, D, 2·I]`, gates before ups, and `[X, I, D]`.
        INPUTS_FIRST,
        /// `[X, D, 2·I]`, gates and ups interleaved, and `[X, I, D]`.
        IN_TURN,
        /// Inputs first in published files, outputs first as Transformers 5 saves them; it reads squares as the latter.
        EITHER
    }

    /// The names of most families.
    static final ExpertNames MLP = of("mlp", "gate", Stack.OUTPUTS_FIRST);
    /// The names of Mixtral.
    public static final ExpertNames BLOCK_SPARSE = new ExpertNames("block_sparse_moe", "gate", "w1", "w3", "w2",
            Stack.OUTPUTS_FIRST);

    /// The names of families whose router has a gate and whose correction is beside it.
    public static final ExpertNames CORRECTED_ROUTER = of("mlp", "router.gate", Stack.OUTPUTS_FIRST);

    /// Names with the usual names of an expert's matrices.
    public static ExpertNames of(String block, String router, Stack stack) {
        return new ExpertNames(block, router, "gate_proj", "up_proj", "down_proj", stack);
    }

    /// The source of a parameter of the mixture; norms belong to the layer.
    ///
    /// @param layer the layer's name prefix, with a dot
    public Source source(ModelSpec spec, Parameter p, String layer) {
        String at = layer + block + ".";
        return switch (p.role()) {
            case ROUTER -> new Source.Stored(at + router + ".weight", layer + "mlp.gate.weight");
            case ROUTER_BIAS -> new Source.Stored(at + router + ".bias");
            case ROUTER_CORRECTION -> correction(at + router + ".e_score_correction_bias",
                    at + "e_score_correction_bias", layer + "mlp.gate.e_score_correction_bias");
            case SHARED_GATE -> shared(spec, p, at, "gate_proj.weight");
            case SHARED_GATE_BIAS -> shared(spec, p, at, "gate_proj.bias");
            case SHARED_UP -> shared(spec, p, at, "up_proj.weight");
            case SHARED_UP_BIAS -> shared(spec, p, at, "up_proj.bias");
            case SHARED_DOWN -> shared(spec, p, at, "down_proj.weight");
            case SHARED_DOWN_BIAS -> shared(spec, p, at, "down_proj.bias");
            case SHARED_SCALE -> new Source.Stored(at + "shared_expert_gate.weight");
            case GATE -> expert(spec, p, at, gate + ".weight");
            case UP -> expert(spec, p, at, up + ".weight");
            case DOWN -> expert(spec, p, at, down + ".weight");
            case GATE_BIAS -> expert(spec, p, at, gate + ".bias");
            case UP_BIAS -> expert(spec, p, at, up + ".bias");
            case DOWN_BIAS -> expert(spec, p, at, down + ".bias");
            default -> throw StandardNames.unknown(p);
        };
    }

    /// MiniMax-M2's correction is beside its router.
    private Source correction(String ofRouter, String ofBlock, String ofMlp) {
        return equals(BLOCK_SPARSE) ? new Source.Stored(ofBlock, ofRouter, ofMlp)
                : new Source.Stored(ofRouter, ofBlock, ofMlp);
    }

    /// Llama 4 and the families with a gated shared expert have one, by its name, others several.
    private Source shared(ModelSpec spec, Parameter p, String at, String name) {
        boolean isOne = stack == Stack.INPUTS_FIRST
                || spec.mixer(p.place()) instanceof Experts e && e.shared() instanceof Experts.Shared.Gated;
        String one = at + "shared_expert." + name;
        String several = at + "shared_experts." + name;
        return isOne ? new Source.Stored(one, several) : new Source.Stored(several, one);
    }

    private Source expert(ModelSpec spec, Parameter p, String at, String name) {
        Experts experts = (Experts) spec.mixer(p.place());
        Source separate = new Source.Stored(at + "experts." + p.expert() + "." + name);
        Source stacked = stacked(spec, experts, p, at + "experts.");
        return stack == Stack.OUTPUTS_FIRST ? new Source.Either(separate, stacked)
                : new Source.Either(stacked, separate);
    }

    /// A parameter of an expert in a stack.
    ///
    /// @param at the stacks' name prefix, with a dot
    Source stacked(ModelSpec spec, Experts experts, Parameter p, String at) {
        return switch (p.role()) {
            case GATE -> half(experts, matrix(spec, experts, p, at + "gate_up_proj"), 0);
            case UP -> half(experts, matrix(spec, experts, p, at + "gate_up_proj"), 1);
            case GATE_BIAS -> half(experts, bias(experts, p, at + "gate_up_proj"), 0);
            case UP_BIAS -> half(experts, bias(experts, p, at + "gate_up_proj"), 1);
            case DOWN -> matrix(spec, experts, p, at + "down_proj");
            case DOWN_BIAS -> bias(experts, p, at + "down_proj");
            default -> throw StandardNames.unknown(p);
        };
    }

    /// The matrix of an expert in a stack, outputs first.
    private Source matrix(ModelSpec spec, Experts experts, Parameter p, String name) {
        String other = name.replace("." + block + ".", ".mlp.");
        Source one = new Source.Slice(new Source.Stored(name, name + ".weight", other), p.expert(),
                experts.numExperts());
        int outputs = p.role() == Role.DOWN ? spec.hiddenSize() : 2 * experts.intermediateSize();
        int inputs = p.role() == Role.DOWN ? experts.intermediateSize() : spec.hiddenSize();
        return switch (stack) {
            case OUTPUTS_FIRST -> one;
            case EITHER -> outputs == inputs ? one : new Source.Transposed(one, outputs);
            default -> new Source.Transposed(one);
        };
    }

    private static Source bias(Experts experts, Parameter p, String name) {
        return new Source.Slice(new Source.Stored(name + "_bias", name + ".bias"), p.expert(), experts.numExperts());
    }

    /// The gate or up rows of a fused matrix.
    private Source half(Experts experts, Source both, int which) {
        int width = experts.intermediateSize();
        return stack == Stack.IN_TURN ? new Source.Every(both, which, 1, 2)
                : new Source.Rows(both, which * width, width, 2 * width);
    }
}
