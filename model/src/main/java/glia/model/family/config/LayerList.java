package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;

/// Reads which layers are of one of two kinds.
public final class LayerList {
    private LayerList() { }

    /// For each layer, whether a list of names has `kind` and not `other`; a rule if there is no list.
    public static boolean[] read(Config config, String key, String kind, String other, LayerTypes.Rule otherwise)
            throws CheckpointException {
        boolean[] is = new boolean[Numbers.layers(config, "num_hidden_layers")];
        String[] names = config.has(key) ? config.strings(key) : new String[0];
        if (config.has(key) && names.length != is.length) {
            throw config.error(key, "names " + names.length + " layers of " + is.length);
        }
        for (int i = 0; i < is.length; i++) {
            is[i] = names.length == 0 ? otherwise.holds(i) : names[i].equals(kind);
            if (names.length > 0 && !is[i] && !names[i].equals(other)) {
                throw config.error(key, "layer " + i + " is '" + names[i] + "'; known are " + other + " and " + kind);
            }
        }
        return is;
    }

    /// The layers for which a list of numbers has another than 0; all if it is absent.
    public static LayerTypes.Rule numbers(Config config, String key) throws CheckpointException {
        if (!config.has(key)) {
            return layer -> true;
        }
        int[] given = config.integers(key);
        return layer -> layer < given.length && given[layer] != 0;
    }
}
