package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/// Reads the attention type of each layer: the list `layer_types`, or a family's rule if it is absent.
public final class LayerTypes {
    /// A family's rule.
    @FunctionalInterface
    public interface Rule {
        boolean holds(int layer);
    }

    private static final String FULL = "full_attention";

    private LayerTypes() { }

    /// For each layer, whether it has a sliding window.
    public static boolean[] read(Config config, Rule otherwise) throws CheckpointException {
        return read(config, "sliding_attention", otherwise);
    }

    /// For each layer, whether it has RoPE: the list `no_rope_layers`, in which 1 means RoPE; if that is absent or
    /// empty, all but every `no_rope_layer_interval`-th.
    public static boolean[] rotates(Config config) throws CheckpointException {
        boolean[] rotates = new boolean[Numbers.layers(config, "num_hidden_layers")];
        int interval = config.positive("no_rope_layer_interval", 4);
        int[] given = config.has("no_rope_layers") ? config.integers("no_rope_layers") : new int[0];
        if (given.length > 0 && given.length < rotates.length) {
            throw config.error("no_rope_layers", "has " + given.length + " entries for " + rotates.length + " layers");
        }
        for (int i = 0; i < rotates.length; i++) {
            rotates[i] = given.length == 0 ? (i + 1) % interval != 0 : given[i] != 0;
        }
        return rotates;
    }

    /// For each layer, whether it has experts: those in `moe_layers`; if that is absent, every
    /// `interleave_moe_layer_step`-th.
    public static boolean[] mixes(Config config) throws CheckpointException {
        boolean[] mixes = new boolean[Numbers.layers(config, "num_hidden_layers")];
        int step = config.positive("interleave_moe_layer_step", 1);
        boolean isGiven = config.has("moe_layers");
        Rule given = listed(config, "moe_layers");
        for (int i = 0; i < mixes.length; i++) {
            mixes[i] = isGiven ? given.holds(i) : (i + 1) % step == 0;
        }
        return mixes;
    }

    /// The layers whose indices a list of the config holds; none if it is absent.
    public static Rule listed(Config config, String key) throws CheckpointException {
        int[] sorted = config.has(key) ? config.integers(key) : new int[0];
        Arrays.sort(sorted);
        return layer -> Arrays.binarySearch(sorted, layer) >= 0;
    }

    /// For each layer, whether it has chunked attention.
    public static boolean[] chunked(Config config, Rule otherwise) throws CheckpointException {
        return read(config, "chunked_attention", otherwise);
    }

    /// For each layer, whether it has linear attention.
    public static boolean[] linear(Config config, Rule otherwise) throws CheckpointException {
        return read(config, "linear_attention", otherwise);
    }

    /// The kind of each layer.
    ///
    /// @param otherwise a family's rule, for configs without `layer_types`
    public static String[] kinds(Config config, List<String> known, IntFunction<String> otherwise)
            throws CheckpointException {
        String[] kinds = new String[Numbers.layers(config, "num_hidden_layers")];
        String[] types = config.has("layer_types") ? config.strings("layer_types") : new String[0];
        if (config.has("layer_types") && types.length != kinds.length) {
            throw config.error("layer_types", "names " + types.length + " layers of " + kinds.length);
        }
        for (int i = 0; i < kinds.length; i++) {
            kinds[i] = types.length == 0 ? otherwise.apply(i) : types[i];
            if (!known.contains(kinds[i])) {
                throw config.error("layer_types", "layer " + i + " is '" + kinds[i] + "'; known are "
                        + String.join(" and ", known));
            }
        }
        return kinds;
    }

    private static boolean[] read(Config config, String kind, Rule otherwise) throws CheckpointException {
        String[] kinds = kinds(config, List.of(FULL, kind), layer -> otherwise.holds(layer) ? kind : FULL);
        boolean[] is = new boolean[kinds.length];
        for (int i = 0; i < is.length; i++) {
            is[i] = kinds[i].equals(kind);
        }
        return is;
    }
}
