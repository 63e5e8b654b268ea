package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.spec.Tower;
import java.util.List;
import java.util.Set;

/// The tower of a multimodal family: reads its config and maps its tensor names.
interface TowerFamily {
    /// The text model with the tower.
    ///
    /// @param config of the whole model
    ModelSpec spec(Config config, ModelSpec text) throws CheckpointException;

    /// The source of a parameter.
    ///
    /// @param p as a parameter of the body; steps of the projector are branches of the whole
    Source source(Tower tower, Parameter p);

    /// Whether a checkpoint has the tower: its map of features is there.
    default boolean isIn(Set<String> tensors) {
        return names().stream().anyMatch(tensors::contains);
    }

    /// The names of the map of features.
    List<String> names();

    /// Whether a parameter belongs to a step of the projector.
    static boolean isOfProjector(Parameter p) {
        return p.sublayer() < 0 && p.place().branch() > 0;
    }

    /// A parameter stored in another shape.
    static Source shaped(Source of, List<Long> shape, Long... written) {
        return new Source.Shaped(of, shape, List.of(written));
    }

    /// The weight or the bias of a pair.
    static String suffix(Parameter p) {
        return p.role().name().endsWith("BIAS") ? ".bias" : ".weight";
    }

    /// The name of a sublayer's part, or of the parts of attention and MLP.
    static String inLayer(Parameter p, String first, String second, String output) {
        boolean attention = p.sublayer() % 2 == 0;
        return switch (p.role()) {
            case BEFORE_WEIGHT, BEFORE_BIAS -> attention ? first : second;
            case QUERY, QUERY_BIAS -> "self_attn.q_proj";
            case KEY, KEY_BIAS -> "self_attn.k_proj";
            case VALUE, VALUE_BIAS -> "self_attn.v_proj";
            case OUTPUT, OUTPUT_BIAS -> output;
            case UP, UP_BIAS -> "mlp.fc1";
            case DOWN, DOWN_BIAS -> "mlp.fc2";
            default -> throw unknown(p.role());
        };
    }

    /// The error for a role that a tower does not have.
    static IllegalArgumentException unknown(Role role) {
        return new IllegalArgumentException("the tower has no " + role);
    }
}
