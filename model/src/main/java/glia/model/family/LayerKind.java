package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import java.util.ArrayList;
import java.util.List;

/// The layers of hybrid models, as configs list them.
enum LayerKind {
    STATE_SPACE, ATTENTION, EXPERTS, MLP;

    /// The kinds that a list of names gives, one for each layer: today's names and those that they had before.
    static List<LayerKind> read(Config config, String key) throws CheckpointException {
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

    /// The kinds that a text gives, one for each letter: `M` state space, `*` attention, `E` experts, `-` MLP.
    static List<LayerKind> letters(Config config, String key) throws CheckpointException {
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
