package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Mixer;
import glia.model.spec.Parameter;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.StateSpaceDual;

/// The names of the tensors of state-space mixers on the hub.
public final class StateSpaceNames {
    private StateSpaceNames() { }

    /// The source of a parameter of a state-space mixer; `prefix` ends with a dot.
    public static Source source(String prefix, Mixer mixer, Parameter p) {
        return switch (mixer) {
            case SelectiveStateSpace s -> switch (p.role()) {
                case INPUT -> rows(prefix + "in_proj.weight", 0, s.innerSize(), 2 * s.innerSize());
                case INPUT_BIAS -> rows(prefix + "in_proj.bias", 0, s.innerSize(), 2 * s.innerSize());
                case GATE -> rows(prefix + "in_proj.weight", s.innerSize(), s.innerSize(), 2 * s.innerSize());
                case GATE_BIAS -> rows(prefix + "in_proj.bias", s.innerSize(), s.innerSize(), 2 * s.innerSize());
                case STEPS -> new Source.Stored(prefix + "dt_proj.weight");
                case STEPS_BIAS -> new Source.Stored(prefix + "dt_proj.bias");
                default -> new Source.Stored(prefix + name(p));
            };
            case StateSpaceDual d -> switch (p.role()) {
                case GATE, INPUT, STEPS -> projection(prefix + "in_proj.weight", d, p);
                case GATE_BIAS, INPUT_BIAS, STEPS_BIAS -> projection(prefix + "in_proj.bias", d, p);
                default -> new Source.Stored(prefix + name(p));
            };
            default -> throw StandardNames.unknown(p);
        };
    }

    public static Source rows(String name, int from, int count, int total) {
        return new Source.Rows(new Source.Stored(name), from, count, total);
    }

    /// The rows of a part of the input projection `[z|u B C|Δ]`.
    public static Source projection(String name, StateSpaceDual d, Parameter p) {
        int inner = d.innerSize();
        int total = inner + d.convolvedSize() + d.numHeads();
        return switch (p.role()) {
            case GATE, GATE_BIAS -> rows(name, 0, inner, total);
            case INPUT, INPUT_BIAS -> rows(name, inner, d.convolvedSize(), total);
            case STEPS, STEPS_BIAS -> rows(name, inner + d.convolvedSize(), d.numHeads(), total);
            default -> throw StandardNames.unknown(p);
        };
    }

    private static String name(Parameter p) {
        return switch (p.role()) {
            case CONVOLUTION -> "conv1d.weight";
            case CONVOLUTION_BIAS -> "conv1d.bias";
            case SELECTION -> "x_proj.weight";
            case STEPS_NORM -> "dt_layernorm.weight";
            case WRITE_NORM -> "b_layernorm.weight";
            case READ_NORM -> "c_layernorm.weight";
            case STEPS_OFFSET -> "dt_bias";
            case DECAY -> "A_log";
            case SKIP -> "D";
            case GATED_NORM -> "norm.weight";
            case OUTPUT -> "out_proj.weight";
            case OUTPUT_BIAS -> "out_proj.bias";
            default -> throw StandardNames.unknown(p);
        };
    }
}
