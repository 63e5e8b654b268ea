package glia.model;

import glia.model.Initialization.MaximalUpdate;
import glia.model.spec.Attention;
import glia.model.spec.DifferentialAttention;
import glia.model.spec.Mixer.SubNorm;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Role;
import glia.model.spec.StridedAttention;

/// The factors of µP for each parameter (see `Initialization.MaximalUpdate`).
public final class MaximalUpdateFactors {
    private MaximalUpdateFactors() { }

    /// Factor of the initial standard deviation, relative to `1/√inputs`.
    static double initial(ModelSpec spec, MaximalUpdate mup, Parameter p) {
        double outputs = leavesWidth(p.role()) ? Math.sqrt(1 / width(spec, mup)) : 1;
        return outputs * attention(spec, mup, p);
    }

    /// Factor of the learning rate of Adam and similar rules.
    ///
    /// @param isMatrix whether the parameter is a matrix and not a vector
    public static double rate(ModelSpec spec, MaximalUpdate mup, Parameter p, boolean isMatrix) {
        return (isMatrix && readsWidth(p) ? 1 / width(spec, mup) : 1) * attention(spec, mup, p);
    }

    /// m, the width relative to the base.
    private static double width(ModelSpec spec, MaximalUpdate mup) {
        return (double) spec.hiddenSize() / mup.baseWidth();
    }

    /// Matrices from the width to sizes that do not grow with it.
    private static boolean leavesWidth(Role role) {
        return role == Role.HEAD || role == Role.ROUTER || role == Role.SHARED_SCALE;
    }

    /// Whether the inputs of a matrix grow with the width.
    private static boolean readsWidth(Parameter p) {
        return switch (p.role()) {
            case EMBEDDING, LAYER_EMBEDDING, POSITIONS, SEGMENTS, CONVOLUTION, QUERY_CONVOLUTION, KEY_CONVOLUTION,
                    VALUE_CONVOLUTION, DECAY, DISTANCES -> false;
            default -> true;
        };
    }

    /// `√(baseHeadSize / E)` for queries, or for the weights of their norm.
    private static double attention(ModelSpec spec, MaximalUpdate mup, Parameter p) {
        boolean isQuery = p.role() == Role.QUERY || p.role() == Role.QUERY_BIAS || p.role() == Role.QUERY_NORM;
        if (!isQuery || mup.baseHeadSize() == 0) {
            return 1;
        }
        Mixer mixer = spec.mixer(p.place());
        Attention attention = switch (mixer) {
            case Attention a -> a;
            case StridedAttention a -> a.attention();
            case SubNorm s when s.mixer() instanceof Attention a -> a;
            case DifferentialAttention a -> a.attention();
            default -> throw new IllegalArgumentException("µP with heads that grow with the width is not known for "
                    + mixer.describe() + "; keep the head size the same at all widths");
        };
        boolean isNormed = !(attention.norm() instanceof QkNorm.None);
        return isNormed == (p.role() == Role.QUERY_NORM)
                ? Math.sqrt((double) mup.baseHeadSize() / attention.headSize()) : 1;
    }
}
