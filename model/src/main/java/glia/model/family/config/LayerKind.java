package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// The kinds of layers of hybrid models.
public enum LayerKind {
    STATE_SPACE, ATTENTION, EXPERTS, MLP;

    private static final String LETTERS = "hybrid_override_pattern";

    /// The kinds of all layers, or a default if the config has no key for them.
    public static List<LayerKind> read(Config config, List<LayerKind> otherwise) throws CheckpointException {
        String key = key(config);
        return !config.has(key) ? otherwise : key.equals(LETTERS) ? letters(config, key) : names(config, key);
    }

    /// For each layer, whether it has attention instead of a state space; by default none.
    public static boolean[] attending(Config config) throws CheckpointException {
        boolean[] attends = new boolean[Numbers.layers(config, "num_hidden_layers")];
        List<LayerKind> kinds = read(config, Collections.nCopies(attends.length, STATE_SPACE));
        if (kinds.size() != attends.length) {
            throw config.error(key(config), "names " + kinds.size() + " layers of " + attends.length);
        }
        for (int i = 0; i < attends.length; i++) {
            attends[i] = switch (kinds.get(i)) {
                case STATE_SPACE -> false;
                case ATTENTION -> true;
                case EXPERTS, MLP -> throw config.error(key(config), "layer " + i
                        + " is neither linear_attention nor full_attention");
            };
        }
        return attends;
    }

    private static String key(Config config) {
        return config.has("layers_block_type") ? "layers_block_type" : config.has(LETTERS) ? LETTERS : "layer_types";
    }

    /// The kinds of a list of names, current and older ones.
    private static List<LayerKind> names(Config config, String key) throws CheckpointException {
        List<LayerKind> kinds = new ArrayList<>();
        for (String name : config.strings(key)) {
            kinds.add(switch (name) {
                case "linear_attention", "mamba", "mamba2" -> STATE_SPACE;
                case "full_attention", "attention" -> ATTENTION;
                case "moe" -> EXPERTS;
                case "mlp" -> MLP;
                default -> throw config.error(key, "layer " + kinds.size() + " is '" + name
                        + "'; known are linear_attention, full_attention, moe and mlp");
            });
        }
        return kinds;
    }

    /// The kinds of a pattern, one letter per layer: `M` state space, `*` attention, `E` experts, `-` MLP.
    private static List<LayerKind> letters(Config config, String key) throws CheckpointException {
        List<LayerKind> kinds = new ArrayList<>();
        for (char letter : config.text(key).toCharArray()) {
            kinds.add(switch (letter) {
                case 'M' -> STATE_SPACE;
                case '*' -> ATTENTION;
                case 'E' -> EXPERTS;
                case '-' -> MLP;
                default -> throw config.error(key, "layer " + kinds.size() + " is '" + letter
                        + "'; known are M, *, E and -");
            });
        }
        return kinds;
    }
}
